package hob.bench.proof;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A slice of {@code hob random}; the seeds are ones in which something once went wrong. */
class RandomProgramsTest {
  @Test
  void randomProgramsDoNotNoticeThatTheyMove() {
    assertThat(
            RandomPrograms.run(
                "--programs", "8", "--seed", "11", "--millis", "2000", "--testbed", "random-test"))
        .isZero();
  }
}
