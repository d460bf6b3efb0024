package hob.image;

import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Wait;
import hob.linux.WaitStatus;
import java.util.List;
import java.util.Map;

/**
 * A SIGTRAP of the program's own (an {@code int3}, a debug register) that was pending when its
 * thread stopped. It would be taken for that of the calls that are injected, so the thread takes it
 * first, as it was about to. Tracer's thread.
 */
final class OwnTrap {
  private static final int ATTEMPTS = 100;

  private OwnTrap() {}

  /**
   * Lets a thread take what is pending.
   *
   * @param tid stopped by PTRACE_INTERRUPT, as it is afterwards
   * @return lines of its status file
   * @throws RefusedException when it blocks the signal, or has ended by it
   */
  static Map<String, String> taken(int pid, int tid) throws RefusedException {
    for (int i = 0; i < ATTEMPTS; i++) {
      Map<String, String> status = ProcFs.status("/proc/" + pid + "/task/" + tid + "/status");
      if (!has(status, "SigPnd") && !has(status, "ShdPnd")) {
        return status;
      }
      if (has(status, "SigBlk")) {
        break;
      }
      take(tid);
    }
    throw new RefusedException(blocked(pid));
  }

  private static Refusal blocked(int pid) {
    return new Refusal(pid, "trap", "has a SIGTRAP of its own pending, which it blocks");
  }

  /** The same of a process that may be running. */
  static void check(int pid, List<Refusal> out) {
    for (int tid : ProcFs.threads(pid)) {
      Map<String, String> status = ProcFs.status("/proc/" + pid + "/task/" + tid + "/status");
      if ((has(status, "SigPnd") || has(status, "ShdPnd")) && has(status, "SigBlk")) {
        out.add(blocked(pid));
        return;
      }
    }
  }

  private static boolean has(Map<String, String> status, String set) {
    long bits = Long.parseUnsignedLong(status.getOrDefault(set, "0").strip(), 16);
    return (bits & Signals.bit(Signals.SIGTRAP)) != 0;
  }

  /**
   * It stops at the delivery of what is pending, which cannot go away while all threads stand, and
   * again before an instruction of its handler has run.
   */
  private static void take(int tid) throws RefusedException {
    Ptrace.cont(tid, 0);
    WaitStatus s = Wait.of(tid);
    while (s.event() != WaitStatus.EVENT_STOP) {
      if (s.gone()) {
        throw new RefusedException(new Refusal(tid, Refusal.ENDED, "has ended"));
      }
      Ptrace.interrupt(tid);
      Ptrace.cont(tid, s.event() == 0 && !s.syscallStop() ? s.stopSignal() : 0);
      s = Wait.of(tid);
    }
  }
}
