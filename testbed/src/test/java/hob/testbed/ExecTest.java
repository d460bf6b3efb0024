package hob.testbed;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a command on a host sees, and what its caller sees of it. */
class ExecTest {
  @RegisterExtension static final Beds BEDS = new Beds();

  private static Testbed testbed;
  private static Host h1;

  @TempDir Path directory;

  @BeforeAll
  static void up() {
    testbed = BEDS.up(BEDS.spec("exec"));
    h1 = testbed.host("h1");
  }

  // ------------------------------------------------------------------ what the caller sees

  @Test
  void exitStatusIsTheCommands() {
    assertThat(h1.run("sh", "-c", "exit 42").status()).isEqualTo(42);
    assertThat(h1.run("true").status()).isZero();
  }

  @Test
  void deathBySignalIsTheShellsStatus() {
    assertThat(h1.run("sh", "-c", "kill -KILL $$").status()).isEqualTo(128 + 9);
    assertThat(h1.run("sh", "-c", "kill -SEGV $$")).isEqualTo(new Completed(128 + 11, "", ""));
  }

  @Test
  void commandThatIsNotThereHasStatus127() {
    assertThat(h1.run("no-such-command").status()).isEqualTo(127);
  }

  @Test
  void streamsPassThrough() throws Exception {
    Process process = h1.exec(List.of("sh", "-c", "cat; echo wrong >&2"));
    try (var in = process.getOutputStream()) {
      in.write("some input".getBytes(StandardCharsets.UTF_8));
    }

    assertThat(process.inputReader().readLine()).isEqualTo("some input");
    assertThat(process.errorReader().readLine()).isEqualTo("wrong");
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void argumentsArriveUnchanged() {
    String odd = "a  b\n\"$HOME\" it's \\ *";

    assertThat(h1.run("printf", "%s|", odd, "", "-x").output()).isEqualTo(odd + "||-x|");
  }

  @Test
  void workingDirectoryAndEnvironmentAreKept() throws Exception {
    Process process =
        h1.exec(
            List.of("sh", "-c", "pwd; echo \"$COLOUR\""),
            b -> {
              b.directory(directory.toFile());
              b.environment().put("COLOUR", "dark  blue");
            });

    assertThat(process.inputReader().lines()).containsExactly(directory.toString(), "dark  blue");
  }

  @Test
  void directoryThatTheHostLacksIsAnError() throws Exception {
    // The host has a /proc of its own, in which this process is not.
    Path ours = Path.of("/proc/" + ProcessHandle.current().pid() + "/task");

    Process process = h1.exec(List.of("true"), b -> b.directory(ours.toFile()));

    assertThat(process.errorReader().readLine()).startsWith("hob: no directory " + ours + " on h1");
    assertThat(process.waitFor()).isEqualTo(255);
  }

  @Test
  void unknownHostIsAnError() throws Exception {
    Process process =
        new ProcessBuilder("sh", "/run/hob/testbed/" + testbed.name() + "/exec", "h9", "true")
            .start();

    assertThat(process.errorReader().readLine())
        .isEqualTo("hob: testbed '%s' has no host 'h9'; it has: h1 h2".formatted(testbed.name()));
    assertThat(process.waitFor()).isEqualTo(255);
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "QUIT", "TERM", "HUP"})
  void signalToTheCallerReachesTheCommand(String signal) throws Exception {
    Process process =
        h1.exec(
            List.of(
                "sh",
                "-c",
                "trap 'echo got; exit 7' $0; echo ready; while :; do sleep 0.01; done",
                signal));
    assertThat(Beds.firstLine(process)).isEqualTo("ready");

    assertThat(new ProcessBuilder("kill", "-" + signal, "" + process.pid()).start().waitFor())
        .isZero();

    assertThat(Beds.firstLine(process)).isEqualTo("got");
    assertThat(process.waitFor()).isEqualTo(7);
  }

  @Test
  void signalThatEndsTheCommandEndsTheCallerTheSameWay() throws Exception {
    // A shell reports death by signal and exit status 143 alike, Python tells them apart.
    Process process = h1.exec(List.of("sh", "-c", "echo ready; exec sleep 100"));
    assertThat(Beds.firstLine(process)).isEqualTo("ready");

    process.destroy();

    assertThat(process.waitFor()).isEqualTo(128 + 15);
    await().until(() -> !h1.run("ps", "-e", "-o", "args").output().contains("sleep 100"));
  }

  // ------------------------------------------------------------------ what the command sees

  @Test
  void parentIsAProcessOfTheHost() {
    List<String> seen =
        h1.run("sh", "-c", "echo $PPID; ps -o comm= -p $PPID; readlink /proc/$PPID/ns/pid")
            .output()
            .lines()
            .toList();

    assertThat(Integer.parseInt(seen.get(0))).isPositive();
    assertThat(seen.get(1)).isEqualTo("sh");
    assertThat(seen.get(2)).isEqualTo("pid:[" + h1.pidNamespaceInode() + "]");
  }

  @Test
  void commandLeadsASessionAndAGroup() {
    String[] ids =
        h1.run("sh", "-c", "echo $$ $(ps -o pgid=,sid= -p $$)").output().trim().split(" +");

    assertThat(ids).hasSize(3).containsOnly(ids[0]);
  }

  @Test
  void namespacesAreTheHosts() {
    for (String kind : Namespaces.KINDS) {
      assertThat(h1.run("readlink", "/proc/self/ns/" + kind).output().trim())
          .isEqualTo(kind + ":[" + h1.namespaceInode(kind) + "]")
          .isNotEqualTo(Namespaces.of(ProcessId.self(), kind));
    }
    assertThat(h1.run("hostname").output().trim()).isEqualTo("h1");
  }

  @Test
  void hostsKnowEachOtherByName() {
    assertThat(h1.run("getent", "hosts", "h2").output()).startsWith(testbed.host("h2").address());
  }

  @Test
  void pidsOfDifferentHostsDiffer() {
    int one = Integer.parseInt(h1.run("sh", "-c", "echo $$").output().trim());
    int two = Integer.parseInt(testbed.host("h2").run("sh", "-c", "echo $$").output().trim());

    assertThat(one).isBetween(100_000, 199_999);
    assertThat(two).isBetween(200_000, 299_999);
  }

  @Test
  void runHobIsTheHostsOwn() {
    h1.run("touch", "/run/hob/mine");

    assertThat(h1.root().resolve("run/hob/mine")).exists();
    assertThat(Path.of("/run/hob/mine")).doesNotExist();
    assertThat(testbed.host("h2").root().resolve("run/hob/mine")).doesNotExist();
  }

  // ------------------------------------------------------------------ what stays

  @Test
  void backgroundProcessOutlivesTheCommand() throws Exception {
    int pid =
        Integer.parseInt(h1.run("sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $!").output().trim());

    assertThat(h1.run("ps", "-o", "ppid=,args=", "-p", "" + pid).output().trim())
        .isEqualTo("1 sleep 300");
    long here = h1.pidHere(pid).orElseThrow();
    assertThat(h1.pidWithin(here)).hasValue(pid);
    assertThat(h1.processes()).contains(here);
    h1.run("kill", "" + pid);
  }

  @Test
  void spawnedProcessIsAChildOfInit() throws Exception {
    Path output = directory.resolve("output");

    int pid = h1.spawn(List.of("sh", "-c", "echo $$ $PPID"), output);

    await().until(() -> Files.readString(output).endsWith("\n"));
    assertThat(output).hasContent(pid + " 1");
  }

  @Test
  void nobodyLeavesZombies() {
    h1.run("sh", "-c", "(sleep 0.05 &) ; (setsid sleep 0.05 &) ; sh -c 'exit 3' & kill -9 $$");

    await()
        .atMost(5, SECONDS)
        .untilAsserted(() ->
            assertThat(h1.run("ps", "-e", "-o", "pid=,stat=,comm=").output().lines())
                .noneMatch(line -> line.contains("Z") || line.contains("sleep 0.05"))
                // pid 1, the shell that waits for ps, ps
                .hasSize(3));
  }

  // ------------------------------------------------------------------ on a terminal

  @Test
  void terminalIsTheHostsOwnWithSizeAndStatus() throws Exception {
    Completed seen =
        onTerminal(
            List.of(),
            "sh",
            "-c",
            "tty; stty size; echo it\\'s \"$0\"; ps -o tpgid= -p $$ | tr -d ' '; echo $$; exit 5",
            "a  'b'");

    assertThat(seen.status()).isEqualTo(5);
    List<String> lines = seen.output().lines().toList();
    assertThat(lines.get(0)).startsWith("/dev/pts/");
    assertThat(lines.get(1)).isEqualTo("33 99");
    assertThat(lines.get(2)).isEqualTo("it's a  'b'");
    assertThat(lines.get(3)).as("foreground group").isEqualTo(lines.get(4));
  }

  @Test
  void interruptKeyReachesTheCommand() throws Exception {
    Completed seen =
        onTerminal(List.of("ready", "\\x03"), "sh", "-c", "echo ready; exec sleep 100");

    assertThat(seen.status()).isEqualTo(128 + 2);
  }

  @Test
  void shellOnATerminalHasJobControl() throws Exception {
    Completed seen =
        onTerminal(
            List.of(
                "$", "sh -c 'echo go; sleep 50'\\n",
                "go\\r", "\\x1a",
                "Stopped", "kill -9 %1; exit 6\\n",
                // Said when the shell has not yet noticed the end of the job.
                "stopped jobs", "exit 6\\n"),
            "env",
            "PS1=$",
            "sh",
            "-i");

    assertThat(seen.output()).contains("Stopped");
    assertThat(seen.status()).isEqualTo(6);
  }

  @Test
  void errorsThatGoElsewhereStayApart() throws Exception {
    Path errors = directory.resolve("errors");

    Completed seen =
        onTerminal(
            List.of(),
            "sh",
            "-c",
            "sh \"$0\" h1 -- sh -c 'echo out; echo err >&2' 2>" + errors,
            exec());

    assertThat(seen.output()).contains("out").doesNotContain("err");
    assertThat(errors).hasContent("err");
  }

  private static String exec() {
    return "/run/hob/testbed/" + testbed.name() + "/exec";
  }

  /**
   * Runs a command on h1 from a terminal.
   *
   * @param dialogue what is to appear, what is typed then, and so on
   */
  private static Completed onTerminal(List<String> dialogue, String... command)
      throws IOException, InterruptedException {
    List<String> whole = new ArrayList<>(Beds.python("terminal.py"));
    whole.addAll(dialogue);
    whole.add("--");
    if (!List.of(command).contains(exec())) {
      whole.addAll(List.of("sh", exec(), "h1", "--"));
    }
    whole.addAll(List.of(command));
    Process process = new ProcessBuilder(whole).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Completed(process.waitFor(), output, "");
  }
}
