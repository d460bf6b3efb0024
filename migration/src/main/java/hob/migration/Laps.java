package hob.migration;

import java.util.ArrayList;
import java.util.List;

/** When the stages of a step were over, for the log. One thread at a time. */
public final class Laps {
  private record Lap(String name, long endNanos) {}

  private final long startNanos = System.nanoTime();
  private final List<Lap> laps = new ArrayList<>();

  /** Begins now. */
  public Laps() {}

  /** A stage is over. */
  public void lap(String name) {
    laps.add(new Lap(name, System.nanoTime()));
  }

  /** The stages with the microseconds that each took, such as {@code freeze 310, image 45}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    long last = startNanos;
    for (Lap lap : laps) {
      text.append(text.isEmpty() ? "" : ", ")
          .append(lap.name)
          .append(' ')
          .append((lap.endNanos - last) / 1_000);
      last = lap.endNanos;
    }
    return text.append(" us").toString();
  }
}
