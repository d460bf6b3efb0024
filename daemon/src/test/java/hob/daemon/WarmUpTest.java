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
  private static final String SLEEPERS = "pgrep -x -f 'sleep 300' | wc -l";
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int KILLS = 5;

  @Test
  void whatAKilledDaemonHasLeftOfItGoes() throws InterruptedException {
    Testbed.down("warm");
    TestbedSpec spec = TestbedSpec.standard().withName("warm").withHosts(1).endingWithMaker();
    try (Testbed testbed =
        Testbed.up(
            spec.withDaemon(
                spec.daemon().withEnvironment(Map.of("CONFIG_FORCE_warm__up", "true"))))) {
      Host host = testbed.hosts().getFirst();
      for (int i = 0; i < KILLS; i++) {
        Awaitility.await().atMost(PATIENCE).until(() -> sleepers(host) >= 1);
        // In the middle of one of the moves, most times.
        Awaitility.await().pollDelay(Duration.ofMillis(170L * i)).until(() -> true);
        host.killDaemon();
        host.awaitDaemon(PATIENCE);
      }
      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(sleepers(host)).as("its own one").isEqualTo(1));
      host.stopDaemon();
      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(sleepers(host)).as("with no daemon").isZero());
    }
  }

  private static int sleepers(Host host) {
    return Integer.parseInt(host.run("sh", "-c", SLEEPERS).output().strip());
  }
}
