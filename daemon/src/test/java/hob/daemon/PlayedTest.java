package hob.daemon;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/**
 * Tests that a {@link Person} plays on a bed of the class's own, which is made anew when a class is
 * run again.
 */
@TestInstance(Lifecycle.PER_CLASS)
abstract class PlayedTest {
  private final String bedName;
  private final String script;
  private @Nullable Bed bed;

  /**
   * A class of tests.
   *
   * @param bedName of its testbed
   * @param script of this package's resources; takes the part to play as its argument
   */
  PlayedTest(String bedName, String script) {
    this.bedName = bedName;
    this.script = script;
  }

  @BeforeAll
  final void up() {
    bed = Bed.up(bedName);
  }

  @AfterAll
  final void down() {
    if (bed != null) {
      bed.close();
    }
  }

  final void play(String part, Path directory) {
    new Person(Objects.requireNonNull(bed), directory).plays(script, part);
  }
}
