package hob.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Capabilities of threads, capabilities(7). */
public final class Capabilities {
  private static final int VERSION_3 = 0x20080522;

  /** Behind {@code struct __user_cap_header_struct}. */
  private static final int SETS = 16;

  private Capabilities() {}

  /**
   * The effective set of a thread, a bit for each capability: {@code capget(2)}. Any thread.
   *
   * @param tid in this process's pid namespace
   */
  public static long effective(int tid) {
    MemorySegment s = Scratch.get();
    s.set(ValueLayout.JAVA_INT, 0, VERSION_3);
    s.set(ValueLayout.JAVA_INT, 4, tid);
    Sys.check(Sys.call(Nr.CAPGET, s.address(), s.address() + SETS), "capget", tid);
    long low = Integer.toUnsignedLong(s.get(ValueLayout.JAVA_INT, SETS));
    // Three numbers for the first 32 capabilities, then three for the others.
    long high = Integer.toUnsignedLong(s.get(ValueLayout.JAVA_INT, SETS + 12));
    return high << 32 | low;
  }
}
