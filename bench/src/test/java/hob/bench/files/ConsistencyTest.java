package hob.bench.files;

import static org.assertj.core.api.Assertions.assertThat;

import hob.bench.BenchContext;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A short slice of {@code hob files check}. */
@Timeout(240)
class ConsistencyTest {
  private static final BenchContext CONTEXT = new BenchContext(_ -> {}, Optional.empty());

  @Test
  void whoIsToldOfAChangeSeesIt() throws Exception {
    try (Consistency test = new Consistency(CONTEXT, true)) {
      Consistency.Result result = test.run(1500, 1, false);
      assertThat(result.some()).isEmpty();
    }
  }

  @Test
  void whoIsToldOfAChangeSeesItUnderLoad() throws Exception {
    try (Consistency test = new Consistency(CONTEXT, true)) {
      Consistency.Result result = test.run(400, 2, true);
      assertThat(result.some()).isEmpty();
    }
  }

  @Test
  void theTestNoticesWhenTheBarrierIsLeftOut() throws Exception {
    try (Consistency test = new Consistency(CONTEXT, false)) {
      assertThat(test.run(300, 3, false).total()).isPositive();
    }
  }
}
