package hob.image;

import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Sys;
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
   * Sets it. A process with one thread gets it in that thread's own queue, so that a SIGSTOP of
   * somebody else's, which goes to the queue of the process, is not taken for it; with several
   * threads it must be in the queue that they share, or some would run before another stops all.
   */
  static void set(FrozenProcess p) {
    if (p.threads().size() == 1) {
      Signals.tgkill(p.pid(), p.leader().tid(), Signals.SIGSTOP);
    } else {
      Signals.kill(p.pid(), Signals.SIGSTOP);
    }
  }

  /**
   * Takes away what {@link #set} has set, unless a SIGCONT of somebody else's has: that one is the
   * process's own affair and stays, as does a SIGSTOP that came since.
   */
  static void lift(FrozenProcess p) {
    if (isPending(p.pid(), "SigPnd") || isPending(p.pid(), "ShdPnd")) {
      consume(p.leader().tid(), p.leader().mask());
    }
  }

  /** Whether SIGSTOP is; {@code queue} as in proc_pid_status(5). */
  private static boolean isPending(int pid, String queue) {
    String set = ProcFs.status("/proc/" + pid + "/status").getOrDefault(queue, "0").strip();
    return (Long.parseUnsignedLong(set, 16) & Signals.bit(Signals.SIGSTOP)) != 0;
  }

  /**
   * Removes the pending SIGSTOP; the thread stands at its delivery stop afterwards, its registers
   * untouched.
   *
   * @param leader a stopped thread of the process, all others being stopped too
   * @param mask its signal mask
   */
  static void remove(int leader, long mask) {
    // A SIGCONT from somebody else may have taken it away.
    Signals.kill(leader, Signals.SIGSTOP);
    consume(leader, mask);
  }

  private static void consume(int leader, long mask) {
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

  /**
   * Lets a process go on that stands stopped because the fuse took effect: SIGCONT without the
   * program seeing it. A SIGSTOP that came since is the process's own and stops it again.
   *
   * @param pid host pid, traced by nobody
   */
  static void release(int pid) {
    // As long as it does not stand, the one that is pending is the fuse.
    boolean stopped =
        ProcFs.stat("/proc/" + pid + "/stat").state() == 'T' && isPending(pid, "ShdPnd");
    Sys.check(Ptrace.seize(pid, Tracee.OPTIONS), "PTRACE_SEIZE", pid);
    Sys.check(Ptrace.interrupt(pid), "PTRACE_INTERRUPT", pid);
    WaitStatus s = Wait.of(pid);
    long mask = Ptrace.signalMask(pid);
    Ptrace.signalMask(pid, ~Signals.bit(Signals.SIGCONT));
    Signals.kill(pid, Signals.SIGCONT);
    for (int i = 0; i < 8 && !(s.event() == 0 && s.stopSignal() == Signals.SIGCONT); i++) {
      Ptrace.cont(pid, 0);
      s = Wait.of(pid);
    }
    Ptrace.signalMask(pid, mask);
    Sys.check(Ptrace.detach(pid, 0), "PTRACE_DETACH", pid);
    if (stopped) {
      Signals.kill(pid, Signals.SIGSTOP);
    }
  }
}
