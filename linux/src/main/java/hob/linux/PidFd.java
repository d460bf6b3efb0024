package hob.linux;

import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/** {@code pidfd_open(2)} and what it is good for. */
public final class PidFd {
  /** {@code PIDFD_GET_INFO} with the size of the first published struct, 64 bytes. */
  private static final long GET_INFO = 0xC040FF0BL;

  private static final long INFO_EXIT = 1 << 3;
  private static final int THREAD = Fd.O_EXCL;

  private PidFd() {}

  /**
   * A descriptor of a process, or of a thread that is not the first one of its process. ESRCH when
   * there is none.
   */
  public static Fd open(int task) {
    long r = Sys.call(Nr.PIDFD_OPEN, task, 0);
    if (Errno.EINVAL.is(r) || Errno.ENOENT.is(r)) {
      r = Sys.call(Nr.PIDFD_OPEN, task, THREAD);
    }
    return Fd.of(Sys.check(r, "pidfd_open", task));
  }

  /** {@code pidfd_getfd(2)}: a duplicate here of the process's descriptor {@code target}. */
  public static Fd get(Fd pidfd, int target) {
    return Fd.of(
        Sys.check(Sys.call(Nr.PIDFD_GETFD, pidfd.number(), target, 0), "pidfd_getfd", target));
  }

  /** {@code pidfd_send_signal(2)}; 0 or {@code -errno}. */
  public static long signal(Fd pidfd, int signal) {
    return Sys.call(Nr.PIDFD_SEND_SIGNAL, pidfd.number(), signal, 0, 0);
  }

  /** Wait status of a process that ended, even when others reaped it (kernel 6.15 and later). */
  public static OptionalInt exitStatus(Fd pidfd) {
    MemorySegment s = Scratch.get();
    s.asSlice(0, 64).fill((byte) 0);
    s.set(Scratch.LONG, 0, INFO_EXIT);
    long r = pidfd.ioctl(GET_INFO, s.address());
    return r == 0 && (s.get(Scratch.LONG, 0) & INFO_EXIT) != 0
        ? OptionalInt.of(s.get(Scratch.INT, 60))
        : OptionalInt.empty();
  }
}
