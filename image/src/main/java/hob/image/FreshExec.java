package hob.image;

import hob.linux.Ptrace;
import hob.linux.Sys;
import hob.linux.Wait;
import hob.linux.WaitStatus;

/**
 * Catches a process in {@code execve(2)}, when the kernel has replaced its program and nothing of
 * the new one has run: the smallest image that a process ever has. So permissions, setuid bits,
 * close-on-exec and {@code #!} are the kernel's own work, and a call that fails does so natively.
 *
 * <p>On the tracer's thread.
 */
public final class FreshExec {
  private FreshExec() {}

  /**
   * Catches a process that is held up in {@code execve(2)} by its seccomp filter.
   *
   * @param proceed lets the call go on; called once, whatever happens
   * @return whether the process stands traced at the end of a call that succeeded; else it runs on
   *     untraced, or is gone
   */
  public static boolean await(int pid, Runnable proceed) {
    long r;
    try {
      r = Ptrace.seize(pid, Ptrace.O_TRACEEXEC | Ptrace.O_TRACESYSGOOD);
      if (r == 0) {
        r = Ptrace.interrupt(pid);
      }
    } finally {
      proceed.run();
    }
    if (r != 0) {
      // Another tracer has it, or it died.
      return false;
    }
    while (true) {
      WaitStatus s = Wait.of(pid);
      if (s.gone()) {
        return false;
      }
      if (s.event() == WaitStatus.EVENT_EXEC) {
        return end(pid);
      }
      if (s.event() == WaitStatus.EVENT_STOP) {
        // The call failed.
        Ptrace.detach(pid, 0);
        return false;
      }
      Ptrace.cont(pid, s.event() == 0 && !s.syscallStop() ? s.stopSignal() : 0);
    }
  }

  /** The registers are the new program's only when the call returns. */
  private static boolean end(int pid) {
    Ptrace.setOptions(pid, Tracee.OPTIONS);
    Ptrace.syscall(pid);
    WaitStatus s = Wait.of(pid);
    if (s.gone()) {
      return false;
    }
    if (!s.syscallStop()) {
      Ptrace.detach(pid, s.event() == 0 ? s.stopSignal() : 0);
      return false;
    }
    return true;
  }

  /** Lets a process that {@link #await} caught run on here, if it is still there. */
  public static void release(int pid) {
    if (Sys.failed(Ptrace.detach(pid, 0))) {
      // Killed: its parent hears of that when its tracer has.
      Capture.awaitEnd(pid);
    }
  }
}
