package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import hob.wire.proto.MigrateReply;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Moves between real daemons. */
final class MigrateTest {
  private static Bed bed;
  @TempDir static Path directory;

  @BeforeAll
  static void up() {
    bed = Bed.up("daemon");
  }

  @AfterAll
  static void down() {
    bed.close();
  }

  private static int counter(Path output) {
    return bed.start(
        "h1",
        output,
        "/bin/sh",
        "-c",
        "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); echo $i; sleep 0.02; done");
  }

  private static long lines(Path file) throws Exception {
    return Files.readAllLines(file).size();
  }

  private static void awaitProgress(Path file) throws Exception {
    long before = lines(file);
    Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> lines(file) > before + 2);
  }

  @Test
  void processGoesThereAndComesBack() throws Exception {
    Path out = directory.resolve("there-and-back");
    int pid = counter(out);
    Awaitility.await().until(() -> Files.exists(out) && lines(out) > 1);
    for (int i = 0; i < 5; i++) {
      MigrateReply there = bed.migrate("h1", pid, "h2");
      System.err.println(there);
      assertThat(there.getFrom()).isEqualTo("h1");
      assertThat(there.getTo()).isEqualTo("h2");
      awaitProgress(out);
      MigrateReply back = bed.migrate("h1", pid, "home");
      System.err.println(back);
      assertThat(back.getTo()).isEqualTo("h1");
      awaitProgress(out);
    }
    bed.host("h1").run("kill", "-9", Integer.toString(pid));
  }
}
