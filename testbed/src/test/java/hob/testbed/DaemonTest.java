package hob.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The daemon of a host is started, started again, held down, and told where it is. */
class DaemonTest {
  @RegisterExtension static final Beds BEDS = new Beds();

  private static final Duration SOON = Duration.ofSeconds(10);

  private static final List<String> PREPARED = new ArrayList<>();

  private static Host h1;
  private static Host h2;

  @BeforeAll
  static void up() {
    DaemonSpec daemon =
        DaemonSpec.of(Beds.python("listener.py"))
            .withEnvironment(Map.of("MOOD", "it's fine"))
            .withPreparation(hosts -> hosts.forEach(h -> PREPARED.add(h.name())));
    Testbed testbed = BEDS.up(BEDS.spec("daemon").withDaemon(daemon));
    h1 = testbed.host("h1");
    h2 = testbed.host("h2");
  }

  @BeforeEach
  void daemonRuns() {
    h1.startDaemon();
    h1.awaitDaemon(SOON);
  }

  @Test
  void upReturnsWithReadyDaemons() {
    assertThat(h2.daemonPid()).isPresent();
    assertThat(DaemonSpec.connectable(h2.controlSocket())).isTrue();
    assertThat(PREPARED).containsExactly("h1", "h2");
  }

  @Test
  void killedDaemonIsStartedAgain() {
    long first = h1.daemonPid().orElseThrow();

    h1.killDaemon();

    assertThat(ProcessId.of(first)).isEmpty();
    await().atMost(SOON).until(() -> h1.daemonPid().isPresent());
    h1.awaitDaemon(SOON);
    assertThat(h1.daemonPid()).isNotEmpty().isNotEqualTo(first);
  }

  @Test
  void hostSurvivesItsDaemon() {
    long init = h1.init();
    int pid = h1.spawn(List.of("sleep", "1000"), Path.of("/dev/null"));

    h1.killDaemon();

    assertThat(h1.init()).isEqualTo(init);
    assertThat(h1.run("kill", "" + pid).status()).isZero();
  }

  @Test
  void stoppedDaemonStaysDownUntilStarted() {
    h1.stopDaemon();

    assertThat(h1.daemonPid()).isEmpty();
    assertThat(DaemonSpec.connectable(h1.controlSocket())).isFalse();
    assertThat(h1.run("ps", "-e", "-o", "args").output()).doesNotContain("listener", "supervise");

    h1.startDaemon();
    h1.awaitDaemon(SOON);
    assertThat(h1.daemonPid()).isPresent();
  }

  @Test
  void killedAndHeldDaemonStaysDownUntilStarted() {
    h1.killDaemonAndHold();

    assertThat(h1.daemonPid()).isEmpty();
    assertThat(h1.run("ps", "-e", "-o", "args").output()).doesNotContain("listener", "supervise");
  }

  @Test
  void startingARunningDaemonChangesNothing() {
    long before = h1.daemonPid().orElseThrow();

    h1.startDaemon();

    assertThat(h1.daemonPid()).hasValue(before);
  }

  @Test
  void killedSupervisorLeavesNoSecondDaemon() {
    String supervisor = Layout.read(h1.root().resolve("run/hob/supervisor.pid"));
    h1.run("kill", "-9", supervisor);

    h1.startDaemon();

    h1.awaitDaemon(SOON);
    await()
        .atMost(SOON)
        .untilAsserted(() ->
            assertThat(h1.run("ps", "-e", "-o", "args=").output().lines())
                .filteredOn(line -> line.contains("listener"))
                .hasSize(1));
  }

  @Test
  void daemonIsAServiceOnItsHost() throws Exception {
    long pid = h1.daemonPid().orElseThrow();
    String environment = Files.readString(Path.of("/proc/" + pid + "/environ"));

    assertThat(environment.split("\0"))
        .contains("MOOD=it's fine", "HOME=/root")
        .noneMatch(v -> v.startsWith("JAVA_HOME="));
    assertThat(ignoredSignals(pid) & (HUP | INT | QUIT | TERM | CHLD)).isZero();
    assertThat(h1.processes()).contains(pid);
    // Daemon, supervisor, init.
    String ancestors =
        h1.run(
                "sh",
                "-c",
                "p=$(cat /run/hob/daemon.pid); p=$(ps -o ppid= -p $p); ps -o ppid= -p $p")
            .output();
    assertThat(ancestors.trim()).isEqualTo("1");
  }

  private static final long HUP = 1;
  private static final long INT = 1 << 1;
  private static final long QUIT = 1 << 2;
  private static final long TERM = 1 << 14;
  private static final long CHLD = 1 << 16;

  private static long ignoredSignals(long pid) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .map(line -> Long.parseUnsignedLong(line.substring("SigIgn:".length()).strip(), 16))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void configurationTellsWhoAndWhereTheHostsAre() {
    assertThat(h2.disk().resolve("hobd.conf"))
        .content()
        .contains("name = \"h2\"", "listen = \"" + h2.address() + ":4870\"")
        .contains("{ name = \"h1\", address = \"" + h1.address() + ":4870\" }")
        .contains("tls.dir = \"" + h2.disk() + "/tls\"", "control.socket = \"/run/hob/hobd.sock\"")
        .contains("state.dir = \"" + h2.disk() + "/state\"");
    assertThat(h2.disk().resolve("state")).isDirectory();
  }

  @Test
  void daemonThatCannotStartFailsTheUpWithItsWords() {
    TestbedSpec spec =
        BEDS.spec("broken").withDaemon(DaemonSpec.of(List.of("sh", "-c", "echo no luck; exit 3")));

    assertThatThrownBy(() -> Testbed.up(spec))
        .isInstanceOf(TestbedException.class)
        .hasMessageContaining("ends as soon as it is started")
        .hasMessageContaining("no luck");
    assertThat(Testbed.down(spec.name())).isFalse();
  }

  @Test
  void daemonThatIsNeverReadyFailsTheUp() {
    TestbedSpec spec =
        BEDS.spec("slow")
            .withDaemon(
                DaemonSpec.of(List.of("sleep", "1000")).withReadyWithin(Duration.ofSeconds(1)));

    assertThatThrownBy(() -> Testbed.up(spec)).hasMessageContaining("was not ready within 1 s");
    assertThat(Testbed.down(spec.name())).isFalse();
  }
}
