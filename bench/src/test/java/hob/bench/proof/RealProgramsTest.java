package hob.bench.proof;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A slice of {@code hob programs}: what every machine that builds Hob has. */
class RealProgramsTest {
  @Test
  void realProgramsComeToTheSameResult() {
    assertThat(
            RealPrograms.run(
                "bash", "python-threads", "sqlite3", "--moves", "3", "--testbed", "programs-test"))
        .isZero();
  }
}
