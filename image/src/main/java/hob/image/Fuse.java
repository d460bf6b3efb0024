package hob.image;

import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Wait;
import hob.linux.WaitStatus;

/**
 * Who is in doubt stays frozen, even without a daemon: a SIGSTOP that is pending for a process in a
 * ptrace stop takes effect when the tracer dies, before any instruction of the program runs. This
 * takes it away again.
 */
final class Fuse {
  private Fuse() {}

  /**
   * Removes the pending SIGSTOP; the thread stands at its delivery stop afterwards, its registers
   * untouched.
   *
   * @param leader a stopped thread of the process, all others being stopped too
   * @param mask its signal mask
   */
  static void remove(int leader, long mask) {
    Ptrace.signalMask(leader, -1L);
    Ptrace.cont(leader, 0);
    WaitStatus s = Wait.of(leader);
    while (!(s.event() == 0 && s.stopSignal() == Signals.SIGSTOP)) {
      if (s.gone()) {
        throw new LinuxException("fuse", Errno.ESRCH, s);
      }
      Ptrace.cont(leader, 0);
      s = Wait.of(leader);
    }
    Ptrace.signalMask(leader, mask);
  }
}
