package hob.bench.moves;

import static org.assertj.core.api.Assertions.assertThat;

import hob.bench.BenchContext;
import hob.bench.Row;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A short slice of {@code hob bench moves}. */
final class MovesTest {
  @Test
  void leavesNothingBehindAndTheProgramRight() throws IOException, InterruptedException {
    List<Row> rows = new MovesBench().run(new BenchContext(_ -> {}, Optional.empty()), 6, 30);
    // So few moves say nothing of memory: classes are still being loaded.
    assertThat(rows).filteredOn(r -> !r.unit().equals("MB")).isNotEmpty().allMatch(Row::holds);
  }
}
