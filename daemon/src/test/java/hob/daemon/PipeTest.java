package hob.daemon;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pipes, FIFOs and stops between processes that move and others that stay. */
final class PipeTest extends PlayedTest {
  PipeTest() {
    super("pipes", "pipes.py");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "large_output",
        "large_input",
        "backpressure",
        "reader_ends",
        "writer_ends",
        "nonblocking_and_readiness",
        "there_at_once",
        "fifo",
        "stop_signals",
        "shared_pipe",
        "foreign_pipe"
      })
  void isAsAtHome(String what, @TempDir Path directory) {
    play(what, directory);
  }
}
