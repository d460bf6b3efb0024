package hob.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Habits of this project's code that a machine can check. */
class HabitsTest {
  @Test
  void namesSayWhatAClassIs() {
    noClasses()
        .should()
        .haveNameMatching(".*(Manager|Helper|Utils?|Impl)")
        .because("such a name fits anything, so it tells nothing")
        .check(Modules.production());
  }

  @Test
  void testsWaitForEventsAndNotForTime() {
    noClasses()
        .should()
        .callMethod(Thread.class, "sleep", long.class)
        .orShould()
        .callMethod(Thread.class, "sleep", Duration.class)
        .because(
            "a bare sleep is too long on a fast machine and too short on a slow one: use Awaitility")
        .check(Modules.tests());
  }
}
