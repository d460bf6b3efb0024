package hob.daemon;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs on a terminal of their home, moved between real daemons while somebody types. */
final class TerminalTest extends PlayedTest {
  TerminalTest() {
    super("terminal", "terminal.py");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "moved_while_reading_twice_and_home",
        "interrupt_and_quit",
        "suspend_foreground_background",
        "python_with_readline",
        "less_and_vim",
        "window_size",
        "settings",
        "dev_tty",
        "interrupt_reaches_children_born_abroad",
        "hangup",
        "shell_itself",
        "background_job_reads_nothing"
      })
  void isAsAtHome(String what, @TempDir Path directory) {
    play(what, directory);
  }
}
