package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import hob.cli.DaemonException;
import hob.testbed.Completed;
import hob.testbed.Host;
import hob.wire.proto.PsReply;
import hob.wire.proto.PsRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** {@code hob run} on h1, whose commands may run on h2 and h3. */
final class RemoteInvocationTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Path RUN =
      Path.of(System.getProperty("user.dir")).resolveSibling("libexec/hob-run");

  @TempDir static Path directory = Path.of("");
  @RegisterExtension private static final BedOfClass BED = new BedOfClass("exec-test");

  private static Bed bed() {
    return BED.bed();
  }

  /** Slots are known a moment after a host is. */
  @BeforeAll
  static void someCommandGoes() {
    Awaitility.await().atMost(PATIENCE).until(RemoteInvocationTest::commandsGo);
  }

  /**
   * Runs a line of shell under hob on h1; what hob explains is part of the output. All goes through
   * a pipe: commands whose standard error is a file that they share stay at home.
   */
  private static Completed run(String line) {
    return bed()
        .host("h1")
        .run("bash", "-c", "set -o pipefail; " + RUN + " --explain " + line + " 2>&1 | cat");
  }

  private static boolean commandsGo() {
    // The last command outlives the news of the one before.
    return run("sh -c 'sleep 0.1; sleep 1'").output().contains(": h2\n");
  }

  private static Path project(String name) throws IOException {
    Path dir = Files.createDirectory(directory.resolve(name));
    List<String> sum = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      Files.writeString(
          dir.resolve("f" + i + ".c"),
          """
          #include <stdio.h>
          #include <string.h>
          int f%d(int x) { char b[64]; snprintf(b, sizeof b, "%%d", x); return (int)strlen(b) + %d; }
          """
              .formatted(i, i));
      sum.add("f" + i + "(" + i + ")");
    }
    Files.writeString(
        dir.resolve("main.c"),
        "#include <stdio.h>\n"
            + sum.stream()
                .map(f -> "int " + f.replaceAll("\\(.*", "(int);\n"))
                .reduce("", String::concat)
            + "int main(void) { printf(\"%d\", "
            + String.join(" + ", sum)
            + "); }\n");
    Files.writeString(
        dir.resolve("Makefile"),
        """
        OBJECTS := $(patsubst %.c,%.o,$(sort $(wildcard *.c)))
        program: $(OBJECTS)
        \tgcc -o $@ $(OBJECTS)
        %.o: %.c hostnames
        \tgcc -O2 -c -o $@ $<
        hostnames:
        \ttouch $@
        """);
    return dir;
  }

  /** Hosts on whose own process lists a program was seen, from outside of what hob says. */
  private static Set<String> seenOn(Runnable work, String program) {
    Set<String> seen = new TreeSet<>();
    Thread worker = Thread.ofPlatform().start(work);
    while (worker.isAlive()) {
      for (Host h : bed().testbed().hosts()) {
        if (h.processes().stream().anyMatch(pid -> isProgram(pid, program))) {
          seen.add(h.name());
        }
      }
    }
    return seen;
  }

  private static boolean isProgram(long pid, String program) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/comm"), StandardCharsets.ISO_8859_1)
          .strip()
          .equals(program);
    } catch (IOException _) {
      return false;
    }
  }

  @Test
  void makeSpreadsOverTheHostsAndBuildsTheSame() throws IOException {
    Path there = project("spread");
    Path here = project("local");
    assertThat(bed().host("h1").run("make", "-s", "-C", here.toString(), "-j4").status()).isZero();
    List<String> said = new ArrayList<>();
    // The compiler proper is started by gcc, so it runs where gcc does.
    Set<String> hosts = seenOn(() -> said.add(run("make -C " + there + " -j8").output()), "cc1");
    assertThat(hosts).as(said.toString()).contains("h2", "h3");
    try (Stream<Path> made = Files.list(here)) {
      for (Path file : made.filter(f -> !f.toString().endsWith(".c")).toList()) {
        assertThat(there.resolve(file.getFileName())).hasSameBinaryContentAs(file);
      }
    }
    Awaitility.await().atMost(PATIENCE).until(() -> processes().isEmpty());
  }

  @Test
  void aFailingJobGivesMakesOwnErrorAndStatus() throws IOException {
    Path dir = project("failing");
    Files.writeString(dir.resolve("f7.c"), "int f7(int x) { return nonsense; }\n");
    Completed bare = bed().host("h1").run("make", "-s", "-C", dir.toString());
    Completed make = run("make -C " + dir + " -j4 f7.o");
    assertThat(bare.status()).isEqualTo(2);
    assertThat(make.output()).contains("nonsense", "f7.o] Error 1");
    assertThat(make.status()).isEqualTo(2);
  }

  @Test
  void statusesAndSignalsOfCommandsAbroadAreTheirOwn() {
    for (int status : new int[] {0, 1, 77, 255}) {
      assertThat(run("--on h2 python3 -c 'import os; os._exit(" + status + ")'").status())
          .isEqualTo(status);
    }
    assertThat(run("sh -c 'python3 -c \"import os; os.kill(os.getpid(), 15)\"; exit $?'").status())
        .isEqualTo(143);
  }

  @Test
  void aCommandThatCannotRunFailsAsWithoutHob() throws IOException {
    Path broken = directory.resolve("broken");
    Files.write(broken, new byte[] {1, 2, 3});
    assertThat(broken.toFile().setExecutable(true)).isTrue();
    Completed bare = bed().host("h1").run("env", broken.toString());
    Completed under = bed().host("h1").run(RUN.toString(), "env", broken.toString());
    assertThat(under.status()).isEqualTo(bare.status()).isNotZero();
  }

  @Test
  void anUnknownHostIsRefusedInOneLine() {
    Completed c = bed().host("h1").run("sh", "-c", RUN + " --on h9 true 2>&1; echo $?");
    assertThat(c.output()).isEqualTo("hob: not adopted: no host is called h9\n125\n");
  }

  /**
   * Some of them are about to start a program, which the daemon has heard of, when it is killed.
   */
  @Test
  void programsRunOnAtHomeWithoutTheDaemon() throws IOException {
    String loop = "i=0; while [ $i -lt 500 ]; do /bin/echo $i; i=$((i+1)); done";
    for (int round = 0; round < 3; round++) {
      List<Path> outs = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        Path out = directory.resolve("orphan-" + round + "-" + i);
        bed().start("h1", out, RUN.toString(), "sh", "-c", loop);
        outs.add(out);
      }
      Awaitility.await().atMost(PATIENCE).until(() -> least(outs) > 2);
      bed().host("h1").killDaemonAndHold();
      assertThat(least(outs)).isLessThan(500);
      Awaitility.await().atMost(PATIENCE).until(() -> least(outs) == 500);
      bed().host("h1").startDaemon();
      bed().awaitPeers();
    }
    Awaitility.await().atMost(PATIENCE).until(RemoteInvocationTest::commandsGo);
  }

  @Test
  void whoIsKilledWhileItLeavesIsGoneEverywhere() {
    String loop =
        """
        for i in $(seq 40); do
          "$0" --on h2 -- sleep 99 &
          sleep 0.0$((RANDOM % 9)); kill -KILL $!; wait $!; echo $?
        done 2>/dev/null
        """;
    Completed killed = bed().host("h1").run("timeout", "60", "bash", "-c", loop, RUN.toString());
    assertThat(killed.output().lines()).hasSize(40).containsOnly("137");
    for (String host : new String[] {"h1", "h2"}) {
      Path sessions = bed().host(host).root().resolve("run/hob/sessions");
      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(sessions).isEmptyDirectory());
    }
  }

  private static long least(List<Path> files) throws IOException {
    long least = Long.MAX_VALUE;
    for (Path file : files) {
      least = Math.min(least, lines(file));
    }
    return least;
  }

  private static long lines(Path file) throws IOException {
    return Files.exists(file) ? Files.readString(file).lines().count() : 0;
  }

  @Test
  void explainsCommandsThatAreOverAtOnce() {
    for (int i = 0; i < 5; i++) {
      assertThat(run("sh -c 'xz --version >/dev/null; true'").output())
          .containsPattern("(?m)^hob: \\d+ xz --version: (h2|h3|here: .*)$");
    }
  }

  private static List<?> processes() throws DaemonException {
    return bed().ask("h1", PsRequest.getDefaultInstance(), PsReply.class).getProcessesList();
  }
}
