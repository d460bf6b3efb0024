package hob.wire.bulk;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CoverageTest {
  @Test
  void piecesInAnyOrderMakeTheWhole() {
    Random random = new Random(4);
    for (int round = 0; round < 200; round++) {
      List<long[]> pieces = new ArrayList<>();
      for (long at = 0; at < 1_000; ) {
        long end = Math.min(1_000, at + 1 + random.nextInt(50));
        pieces.add(new long[] {at, end});
        at = end;
      }
      Collections.shuffle(pieces, random);
      Coverage coverage = new Coverage();
      for (long[] piece : pieces) {
        assertThat(coverage.add(piece[0], piece[1])).isTrue();
      }
      assertThat(coverage.bytes()).isEqualTo(1_000);
    }
  }

  @Test
  void overlapsAreRefusedAndChangeNothing() {
    Random random = new Random(5);
    Coverage coverage = new Coverage();
    BitSet model = new BitSet();
    for (int i = 0; i < 5_000; i++) {
      int from = random.nextInt(10_000);
      int to = from + 1 + random.nextInt(30);
      boolean isFree = model.get(from, to).isEmpty();
      assertThat(coverage.add(from, to)).isEqualTo(isFree);
      if (isFree) {
        model.set(from, to);
      }
      assertThat(coverage.bytes()).isEqualTo(model.cardinality());
    }
  }
}
