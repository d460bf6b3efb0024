package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import hob.testbed.Completed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Commands of {@code hob run} whose hosts cannot take them. */
final class InvocationFaultsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Path RUN =
      Path.of(System.getProperty("user.dir")).resolveSibling("libexec/hob-run");
  private static final String DAEMON = "d=$(cat /run/hob/daemon.pid); ";

  @RegisterExtension private static final BedOfClass BED = new BedOfClass("invocation-faults");

  private static Bed bed() {
    return BED.bed();
  }

  /** Also shows that the hosts take commands again after each test. */
  @BeforeEach
  @AfterEach
  void commandsGo() {
    Awaitility.await().atMost(PATIENCE).until(() -> explained().contains(": h2\n"));
  }

  private static String explained() {
    Completed c =
        bed()
            .host("h1")
            .run(
                "bash",
                "-c",
                RUN + " --explain --on h2 sh -c 'echo out; sleep 0.5; exit 7' 2>&1 | cat");
    assertThat(c.output()).contains("out\n");
    return c.output();
  }

  private static void on(String host, String script) {
    Completed c = bed().host(host).run("bash", "-c", script);
    assertThat(c.status()).as(c.error()).isZero();
  }

  @Test
  void commandsRunAtHomeWhenTheirHostIsOutOfDescriptors() {
    on(
        "h2",
        DAEMON + "n=$(ls /proc/$d/fd | sort -n | tail -1); prlimit -p $d --nofile=$((n + 2)):");
    try {
      for (int i = 0; i < 5; i++) {
        assertThat(explained()).contains(": here: ").doesNotContain(": h2\n");
      }
      Completed c =
          bed().host("h1").run(RUN.toString(), "--on", "h2", "sh", "-c", "sleep 0.1; exit 7");
      assertThat(c.status()).isEqualTo(7);
    } finally {
      on("h2", DAEMON + "prlimit -p $d --nofile=20000:");
    }
  }

  private static final String STARVE =
      """
      import os, sys, time
      f = open('/proc/sys/kernel/pid_max', 'r+b', buffering=0)
      most = f.read()
      f.write(b'301')
      open(sys.argv[1] + '.on', 'w')
      while not os.path.exists(sys.argv[1]): time.sleep(0.05)
      f.write(most)
      """;

  /** No thread can be started there either, so its daemon may lose all connections. */
  @Test
  void commandsRunAtHomeWhenTheirHostIsOutOfPids(@TempDir Path directory) throws IOException {
    Path flag = directory.resolve("flag");
    bed().start("h2", directory.resolve("out"), "python3", "-c", STARVE, flag.toString());
    Awaitility.await().atMost(PATIENCE).until(() -> Files.exists(directory.resolve("flag.on")));
    try {
      for (int i = 0; i < 10; i++) {
        Completed c =
            bed()
                .host("h1")
                .run(
                    "timeout",
                    "60",
                    RUN.toString(),
                    "sh",
                    "-c",
                    "for i in 1 2 3; do python3 -c 'print(6 * 7)'; done; exit 7");
        assertThat(c.output()).isEqualTo("42\n42\n42\n");
        assertThat(c.status()).isEqualTo(7);
      }
    } finally {
      Files.createFile(flag);
    }
    bed().awaitPeers();
  }
}
