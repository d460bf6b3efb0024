package hob.bench.spawn;

import static org.assertj.core.api.Assertions.assertThat;

import hob.bench.BenchContext;
import hob.bench.Row;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A slice of {@code hob bench invoke}. */
class InvokeBenchTest {
  @Test
  void commandsAreRightAndLeaveNothing() throws Exception {
    assertThat(new InvokeBench().run(new BenchContext(_ -> {}, Optional.empty()), 300))
        .allMatch(Row::holds);
  }
}
