package hob.daemon.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.System.Logger;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineLoggerFinderTest {
  @TempDir Path directory;

  @AfterEach
  void dropAgain() throws IOException {
    LineLoggerFinder.open(Path.of(""), Logger.Level.OFF);
  }

  private String logged(Logger.Level from) throws IOException {
    Path log = directory.resolve("log");
    LineLoggerFinder.open(log, from);
    Logger own = new LineLoggerFinder().getLogger("hob.some.Thing", Logger.class.getModule());
    own.log(Logger.Level.WARNING, "plain, even with {0}");
    own.log(Logger.Level.INFO, "one is {0}, the other {1}", "a", 2);
    own.log(Logger.Level.ERROR, "with its cause", new IOException("no room"));
    Logger other = new LineLoggerFinder().getLogger("java.net.http", Logger.class.getModule());
    other.log(Logger.Level.INFO, "of interest to nobody");
    return Files.readString(log, UTF_8);
  }

  @Test
  void writesEachMessageOnALine() throws IOException {
    assertThat(logged(Logger.Level.DEBUG).lines().toList())
        .hasSizeGreaterThan(3)
        .satisfies(lines -> {
          assertThat(lines.get(0)).endsWith(" WARNING Thing: plain, even with {0}");
          assertThat(lines.get(1)).endsWith(" INFO Thing: one is a, the other 2");
          assertThat(lines.get(2)).endsWith(" ERROR Thing: with its cause");
          assertThat(lines.get(3)).contains("no room");
        })
        .noneMatch(line -> line.contains("nobody"));
  }

  @Test
  void leavesOutWhatIsOfALowerLevel() throws IOException {
    assertThat(logged(Logger.Level.WARNING)).contains("plain").doesNotContain("one is");
  }
}
