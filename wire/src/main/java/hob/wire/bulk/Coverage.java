package hob.wire.bulk;

import java.util.Map;
import java.util.TreeMap;

/** Which bytes of a transfer have come in. Not thread-safe. */
final class Coverage {
  /** Ends of the ranges by their beginnings; disjoint, and no two touch. */
  private final TreeMap<Long, Long> ranges = new TreeMap<>();

  private long bytes;

  /** The number of bytes covered. */
  long bytes() {
    return bytes;
  }

  /** Adds the range from {@code from} to {@code to}, exclusive; false if it overlaps another. */
  boolean add(long from, long to) {
    Map.Entry<Long, Long> before = ranges.floorEntry(from);
    Map.Entry<Long, Long> after = ranges.ceilingEntry(from);
    if ((before != null && before.getValue() > from) || (after != null && after.getKey() < to)) {
      return false;
    }
    long start = from;
    long end = to;
    if (before != null && before.getValue() == from) {
      start = before.getKey();
    }
    if (after != null && after.getKey() == to) {
      end = after.getValue();
      ranges.remove(after.getKey());
    }
    ranges.put(start, end);
    bytes += to - from;
    return true;
  }
}
