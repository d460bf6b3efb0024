package hob.daemon;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The life of an ordinary user's process, which has no right that a restore would need. */
final class UserTest extends PlayedTest {
  UserTest() {
    super("user", "user.py");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"moves", "ends_abroad", "forks_and_threads", "execs_abroad", "child_execs_abroad"})
  void isAsAtHome(String what, @TempDir Path directory) {
    play(what, directory);
  }
}
