package hob.daemon;

import java.nio.file.Path;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Tests that a {@link Person} plays on a bed of the class's own, which is made anew when a class is
 * run again.
 */
@TestInstance(Lifecycle.PER_CLASS)
abstract class PlayedTest {
  @RegisterExtension final BedOfClass bed;

  private final String script;

  /**
   * A class of tests.
   *
   * @param bedName of its testbed
   * @param script of this package's resources; takes the part to play as its argument
   */
  PlayedTest(String bedName, String script) {
    this.bed = new BedOfClass(bedName);
    this.script = script;
  }

  final void play(String part, Path directory) {
    new Person(bed.bed(), directory).plays(script, part);
  }
}
