package hob.linux;

import java.lang.foreign.MemorySegment;

/** {@code clock_gettime(2)}. */
public final class Clock {
  private static final long NANOS = 1_000_000_000L;

  private Clock() {}

  /** The time of a clock (CLOCK_), nanoseconds. */
  public static long nanos(int clock) {
    MemorySegment s = Scratch.get();
    Sys.check(Sys.call(Nr.CLOCK_GETTIME, clock, s.address()), "clock_gettime", clock);
    return s.get(Scratch.LONG, 0) * NANOS + s.get(Scratch.LONG, 8);
  }
}
