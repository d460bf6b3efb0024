package hob.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Slots of other hosts. */
class SlotsTest {
  private final Slots slots = new Slots();

  @Test
  void theHostWithTheMostFreeSlotsIsNext() {
    slots.size("h2", 1);
    slots.size("h3", 2);
    assertThat(slots.take(_ -> true)).contains("h3");
    assertThat(slots.take(_ -> true)).contains("h2");
    assertThat(slots.take(_ -> true)).contains("h3");
    assertThat(slots.take(_ -> true)).isEmpty();
    slots.give("h2");
    assertThat(slots.take(_ -> true)).contains("h2");
  }

  @Test
  void aHostThatIsNotEligibleIsPassedOver() {
    slots.size("h2", 1);
    slots.size("h3", 2);
    assertThat(slots.take("h2"::equals)).contains("h2");
    assertThat(slots.take("h2"::equals)).isEmpty();
    slots.gone("h3");
    assertThat(slots.take(_ -> true)).isEmpty();
  }

  @Test
  void jobsOfAHostThatShrankAreStillCounted() {
    slots.size("h2", 2);
    assertThat(slots.take(_ -> true)).isPresent();
    assertThat(slots.take(_ -> true)).isPresent();
    slots.size("h2", 1);
    slots.give("h2");
    assertThat(slots.take(_ -> true)).isEmpty();
    slots.give("h2");
    assertThat(slots.take(_ -> true)).isPresent();
  }
}
