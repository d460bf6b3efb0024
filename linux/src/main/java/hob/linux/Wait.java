package hob.linux;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** {@code wait4(2)} for tracees and children. */
public final class Wait {
  /** Do not block. */
  public static final int WNOHANG = 1;

  /** Stopped children too (tracees always are). */
  public static final int WUNTRACED = 2;

  /** Threads too. */
  public static final int __WALL = 0x40000000;

  /** Only what belongs to the calling thread. */
  public static final int __WNOTHREAD = 0x20000000;

  private Wait() {}

  /**
   * Waits for {@code pid} (−1: any).
   *
   * @return empty only with WNOHANG, when nothing has happened
   * @throws LinuxException ECHILD when there is nothing to wait for
   */
  public static Optional<WaitStatus> wait4(int pid, int options) {
    MemorySegment s = Scratch.get();
    while (true) {
      long r = Sys.call(Nr.WAIT4, pid, s.address(), options, 0);
      if (Errno.EINTR.is(r)) {
        continue;
      }
      Sys.check(r, "wait4", pid, options);
      return r == 0
          ? Optional.empty()
          : Optional.of(new WaitStatus((int) r, s.get(Scratch.INT, 0)));
    }
  }

  /** Waits for a state change of one tracee or child. */
  public static WaitStatus of(int pid) {
    return wait4(pid, __WALL).orElseThrow();
  }
}
