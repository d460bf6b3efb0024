package hob.daemon;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The life of an ordinary user's process, which has no right that a restore would need. */
final class UserTest {
  private static final Bed BED = Bed.up("user");

  @TempDir Path directory = Path.of("");

  @AfterAll
  static void down() {
    BED.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"moves", "ends_abroad", "forks_and_threads", "execs_abroad", "child_execs_abroad"})
  void isAsAtHome(String what) {
    new Person(BED, directory).plays("user.py", what);
  }
}
