package hob.bench.transparency;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A slice of {@code hob transparency}. */
class TransparencyTest {
  @Test
  void commandsBehaveAbroadAsTheyDoAtHome() {
    assertThat(
            Transparency.run(
                "stop_and_continue",
                "traps",
                "process_substitution",
                "pids",
                "flocks",
                "sessions",
                "command_line_at_home",
                "--testbed",
                "transparency-test"))
        .isZero();
  }
}
