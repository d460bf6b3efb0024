package hob.linux;

import java.lang.foreign.MemorySegment;

/** Robust futexes, {@code get_robust_list(2)}. */
public final class Futex {
  private Futex() {}

  /** Head and length of a thread's robust list. */
  public static long[] robustList(int tid) {
    MemorySegment s = Scratch.get();
    Sys.check(
        Sys.call(Nr.GET_ROBUST_LIST, tid, s.address(), s.address() + 8), "get_robust_list", tid);
    return new long[] {s.get(Scratch.LONG, 0), s.get(Scratch.LONG, 8)};
  }
}
