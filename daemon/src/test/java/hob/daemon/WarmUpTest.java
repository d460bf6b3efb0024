package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import hob.testbed.Host;
import hob.testbed.Testbed;
import hob.testbed.TestbedSpec;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A daemon that moves a process of its own to become fast. */
final class WarmUpTest {
  private static final String SLEEPERS = "pgrep -x -f 'sleep 300' || true";
  private static final String SANDBOXES = "pgrep -f '^hob-sandbox' || true";
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int KILLS = 5;

  @Test
  void whatAKilledDaemonHasLeftOfItGoes() {
    Testbed.down("warm");
    TestbedSpec spec = TestbedSpec.standard().withName("warm").withHosts(1).endingWithMaker();
    try (Testbed testbed =
        Testbed.up(
            spec.withDaemon(
                spec.daemon().withEnvironment(Map.of("CONFIG_FORCE_warm__up", "true"))))) {
      Host host = testbed.hosts().getFirst();
      String own = awaitOther(host, "");
      for (int i = 0; i < KILLS; i++) {
        // In the middle of one of the moves, most times.
        Awaitility.await().pollDelay(Duration.ofMillis(170L * i)).until(() -> true);
        host.killDaemonAndHold();
        Awaitility.await()
            .atMost(PATIENCE)
            .untilAsserted(() -> assertThat(sandboxes(host)).as("with a dead daemon").isEmpty());
        host.startDaemon();
        host.awaitDaemon(PATIENCE);
        own = awaitOther(host, own);
      }
      host.stopDaemon();
      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(sleepers(host) + sandboxes(host)).as("with no daemon").isEmpty());
    }
  }

  /** Waits until the only one is another than that of the daemon before. */
  private static String awaitOther(Host host, String before) {
    return Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> sleepers(host), now -> now.matches("\\d+") && !now.equals(before));
  }

  /** Pids of all that a warm-up leaves abroad. */
  private static String sandboxes(Host host) {
    return host.run("sh", "-c", SANDBOXES).output().strip();
  }

  /** Their pids. */
  private static String sleepers(Host host) {
    return host.run("sh", "-c", SLEEPERS).output().strip();
  }
}
