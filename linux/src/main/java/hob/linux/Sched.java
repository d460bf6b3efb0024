package hob.linux;

import java.lang.foreign.MemorySegment;

/** {@code sched(7)}: attributes of threads of this host. */
public final class Sched {
  private static final int PRIO_PROCESS = 0;

  private Sched() {}

  /**
   * {@code struct sched_attr}, 48 bytes: size, policy, flags, nice, priority, runtime, deadline,
   * period.
   */
  public static byte[] attributes(int tid) {
    MemorySegment s = Scratch.get();
    Sys.check(Sys.call(Nr.SCHED_GETATTR, tid, s.address(), 48, 0), "sched_getattr", tid);
    return s.asSlice(0, 48).toArray(Scratch.BYTE);
  }

  /** CPU mask, bit n is CPU n. */
  public static byte[] affinity(int tid) {
    MemorySegment s = Scratch.get();
    long n =
        Sys.check(Sys.call(Nr.SCHED_GETAFFINITY, tid, 1024, s.address()), "sched_getaffinity", tid);
    return s.asSlice(0, n).toArray(Scratch.BYTE);
  }

  /** Sets it; 0 is the calling thread. */
  public static void affinity(int tid, byte[] mask) {
    MemorySegment s = Scratch.get();
    MemorySegment.copy(mask, 0, s, Scratch.BYTE, 0, mask.length);
    Sys.check(
        Sys.call(Nr.SCHED_SETAFFINITY, tid, mask.length, s.address()), "sched_setaffinity", tid);
  }

  /** {@code ioprio_get(2)}. */
  public static int ioPriority(int tid) {
    return (int) Sys.check(Sys.call(Nr.IOPRIO_GET, 1, tid), "ioprio_get", tid);
  }

  /**
   * {@code setpriority(2)} of one thread; threads and processes that it starts later have the same.
   *
   * @param value -20, goes first, to 19
   */
  public static void nice(int tid, int value) {
    Sys.check(Sys.call(Nr.SETPRIORITY, PRIO_PROCESS, tid, value), "setpriority", tid);
  }
}
