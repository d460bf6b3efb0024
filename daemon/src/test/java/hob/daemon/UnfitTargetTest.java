package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import hob.cli.DaemonException;
import hob.cli.ExitStatus;
import hob.linux.ProcFs;
import hob.testbed.Host;
import hob.wire.proto.FaultArmRequest.Action;
import hob.wire.proto.HostLine;
import hob.wire.proto.HostsReply;
import hob.wire.proto.HostsRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Targets that a process could not run on say so before it is stopped, and it runs on where it is.
 * h2 stays fit.
 */
final class UnfitTargetTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Path MEMORY = Path.of("/sys/fs/cgroup/memory");
  @RegisterExtension private static final BedOfClass BED = new BedOfClass("unfit");

  private static Bed bed() {
    return BED.bed();
  }

  /** Holds 64 MiB, and counts. */
  private static final String LARGE =
      """
      import time
      held = bytearray(b'x') * (64 << 20)
      n = 0
      while True:
        n += 1
        assert held[n % len(held)] == 120
        print(n, flush=True)
        time.sleep(0.01)
      """;

  @TempDir Path directory = Path.of("");

  private record Program(int pid, Path output) {
    long last() throws IOException {
      List<String> lines = Files.readAllLines(output);
      return lines.isEmpty() ? 0 : Long.parseLong(lines.getLast());
    }

    void awaitProgress() throws IOException {
      long from = last();
      Awaitility.await().atMost(PATIENCE).until(() -> last() > from + 3);
    }

    /** Refused for that reason, both in a check and in earnest, without having been stopped. */
    void refused(ExitStatus status, String why, String source) throws Exception {
      assertThatThrownBy(() -> bed().migrate("h1", pid, "h3"))
          .asInstanceOf(type(DaemonException.class))
          .satisfies(e -> {
            assertThat(e.getMessage()).contains(why).doesNotContain("\n");
            assertThat(e.status()).isEqualTo(status);
          });
      awaitProgress();
      assertThat(Files.readString(bed().host(source).disk().resolve("hobd.log")))
          .doesNotContain("fault at source.freezing");
    }
  }

  private Program start() throws IOException {
    Path output = directory.resolve("numbers");
    Program p = new Program(bed().start("h1", output, "python3", "-c", LARGE), output);
    p.awaitProgress();
    return p;
  }

  /** It can go where there is nothing against it, and has neither a gap nor a repetition. */
  private static void unharmed(Program p) throws Exception {
    assertThat(bed().migrate("h1", p.pid, "h2").getTo()).isEqualTo("h2");
    p.awaitProgress();
    bed().host("h1").run("kill", Integer.toString(p.pid));
    List<String> lines = Files.readAllLines(p.output);
    for (int i = 0; i < lines.size(); i++) {
      assertThat(lines.get(i)).isEqualTo(Integer.toString(i + 1));
    }
  }

  /** Restarts a daemon with another configuration; it need not be one that others can talk to. */
  private static void configure(Host host, String line) throws IOException {
    Path file = host.disk().resolve("hobd.conf");
    String before = Files.readString(file);
    Files.writeString(
        file,
        line.isEmpty() ? before.replaceAll("(?m)^(cpu|testing)\\..*\n", "") : line + "\n",
        line.isEmpty()
            ? new StandardOpenOption[] {StandardOpenOption.TRUNCATE_EXISTING}
            : new StandardOpenOption[] {StandardOpenOption.APPEND});
    host.stopDaemon();
    host.startDaemon();
  }

  @Test
  void hostWithoutACpuFeature() throws Exception {
    List<String> flags = cpuFlags();
    String feature = flags.contains("avx512f") ? "avx512f" : "sse4_2";
    assumeThat(flags).contains(feature);
    Program p = start();
    configure(bed().host("h3"), "cpu.hide = [ %s ]".formatted(feature));
    try {
      bed().awaitPeers();
      bed().arm("h1", "source.freezing", Action.ERROR, 0);
      p.refused(ExitStatus.CANNOT_MOVE, "this host's CPU lacks " + feature, "h1");
    } finally {
      bed().disarm("h1");
      configure(bed().host("h3"), "");
    }
    bed().awaitPeers();
    unharmed(p);
  }

  private static List<String> cpuFlags() {
    return ProcFs.text("/proc/cpuinfo")
        .lines()
        .filter(l -> l.startsWith("flags"))
        .findFirst()
        .map(l -> List.of(l.substring(l.indexOf(':') + 1).strip().split(" ")))
        .orElse(List.of());
  }

  /** The kernel's own limit: a control group for the memory of all that h3's daemon starts. */
  @Test
  void hostWithoutMemory() throws Exception {
    assumeThat(MEMORY.resolve("memory.limit_in_bytes")).exists();
    Program p = start();
    Path group = Files.createDirectory(MEMORY.resolve("hob-test-" + ProcessHandle.current().pid()));
    long daemon = bed().host("h3").daemonPid().orElseThrow();
    try {
      Files.writeString(group.resolve("memory.limit_in_bytes"), Long.toString(48L << 20));
      Files.writeString(group.resolve("cgroup.procs"), Long.toString(daemon));
      bed().arm("h1", "source.freezing", Action.ERROR, 0);
      p.refused(ExitStatus.CANNOT_MOVE, "MiB of memory, this host has ", "h1");
    } finally {
      bed().disarm("h1");
      Files.writeString(MEMORY.resolve("cgroup.procs"), Long.toString(daemon));
      Awaitility.await()
          .atMost(PATIENCE)
          .ignoreExceptions()
          .until(() -> Files.deleteIfExists(group));
    }
    unharmed(p);
  }

  @Test
  void hostOfAnotherProtocol() throws Exception {
    Program p = start();
    configure(bed().host("h3"), "testing.protocol = 4711");
    try {
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> problem("h3").contains("speaks protocol"));
      bed().arm("h1", "source.freezing", Action.ERROR, 0);
      p.refused(
          ExitStatus.UNREACHABLE,
          "speaks protocol 4711, this host 1; install the same version of hob on both",
          "h1");
    } finally {
      bed().disarm("h1");
      configure(bed().host("h3"), "");
    }
    bed().awaitPeers();
    unharmed(p);
  }

  private static String problem(String host) throws DaemonException {
    return bed()
        .ask("h1", HostsRequest.getDefaultInstance(), HostsReply.class)
        .getHostsList()
        .stream()
        .filter(h -> h.getName().equals(host))
        .map(HostLine::getProblem)
        .findFirst()
        .orElse("");
  }
}
