package hob.image;

import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Sys;
import hob.linux.Wait;
import hob.linux.WaitStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Who is in doubt stays frozen, even without a daemon: a SIGSTOP that is pending for each thread of
 * a process in ptrace stops takes effect when the tracer dies, before any instruction of the
 * program runs. Each is in its thread's own queue, so that a SIGSTOP of somebody else's, which goes
 * to the queue of the process, is not taken for it. This sets them and takes them away again.
 */
final class Fuse {
  /** What can be blocked. */
  static final long ALL = ~(Signals.bit(Signals.SIGKILL) | Signals.bit(Signals.SIGSTOP));

  private static final long ALL_BUT_CONT = ALL & ~Signals.bit(Signals.SIGCONT);

  private Fuse() {}

  /** Sets it for a process all threads of which stand in ptrace stops. */
  static void set(FrozenProcess p) {
    p.threads().forEach(t -> set(t.tid()));
  }

  /** Sets it for one thread. */
  static void set(int tid) {
    Signals.tkill(tid, Signals.SIGSTOP);
  }

  /**
   * Takes away what {@link #set} has set, unless a SIGCONT of somebody else's has: that one is the
   * process's own affair and stays, as does a SIGSTOP that came since.
   *
   * @param mask that the leader is to have
   */
  static void lift(FrozenProcess p, long mask) {
    if (isPending(p.pid(), "SigPnd", Signals.SIGSTOP)) {
      remove(p.pid(), p.threads().size(), mask);
    }
  }

  /** {@code queue} as in proc_pid_status(5): that of the leader, or of all threads. */
  private static boolean isPending(int pid, String queue, int signal) {
    String set = ProcFs.status("/proc/" + pid + "/status").getOrDefault(queue, "0").strip();
    return (Long.parseUnsignedLong(set, 16) & Signals.bit(signal)) != 0;
  }

  /**
   * Takes it away; the leader stands at a signal's delivery stop afterwards, its registers
   * untouched.
   *
   * @param leader stopped, as are the other threads; any of them when the first one has ended
   * @param threads how many there are
   * @param mask the leader's
   */
  static void remove(int leader, int threads, long mask) {
    if (threads == 1) {
      // A SIGCONT from somebody else may have taken it away. Its own queue is looked at first.
      set(leader);
      consume(leader, Signals.SIGSTOP, ALL, mask);
      return;
    }
    boolean stopped = isPending(leader, "ShdPnd", Signals.SIGSTOP);
    // It takes the stops out of all queues.
    Signals.kill(leader, Signals.SIGCONT);
    consume(leader, Signals.SIGCONT, ALL_BUT_CONT, mask);
    if (stopped) {
      Signals.kill(leader, Signals.SIGSTOP);
    }
  }

  private static void consume(int leader, int signal, long blocked, long mask) {
    Ptrace.signalMask(leader, blocked);
    Ptrace.cont(leader, 0);
    WaitStatus s = Wait.of(leader);
    while (!(s.event() == 0 && s.stopSignal() == signal)) {
      if (s.gone()) {
        throw new LinuxException("fuse", Errno.ESRCH, s);
      }
      Ptrace.cont(leader, 0);
      s = Wait.of(leader);
    }
    Ptrace.signalMask(leader, mask);
  }

  /**
   * Lets a process go on that stands stopped because the fuse took effect, or was sent a SIGSTOP
   * for the same purpose: SIGCONT without the program seeing it. A SIGSTOP that came since is the
   * process's own and stops it again; a SIGCONT that came is its own too.
   *
   * @param pid host pid, traced by nobody
   * @param masks knows the mask of a process that a daemon left when it had just changed that
   * @param places of threads that may be in a {@link Standstill}
   */
  static void release(int pid, Masks masks, List<ThreadPlace> places) {
    int lead = ProcFs.liveThread(pid);
    // As long as it does not stand, the one that is pending is the fuse.
    boolean stands = ProcFs.stat("/proc/" + lead + "/stat").state() == 'T';
    boolean stopped = stands && isPending(lead, "ShdPnd", Signals.SIGSTOP);
    boolean continued = !stands && isPending(lead, "ShdPnd", Signals.SIGCONT);
    List<Integer> threads = seize(pid, lead);
    back(lead, threads, places);
    long mask = Ptrace.signalMask(lead);
    if (mask == ALL || mask == ALL_BUT_CONT) {
      mask = noted(pid, lead, masks, places).orElse(mask);
    }
    masks.note(pid, mask);
    if (continued) {
      Ptrace.signalMask(lead, mask);
    } else {
      Signals.kill(pid, Signals.SIGCONT);
      consume(lead, Signals.SIGCONT, ALL_BUT_CONT, mask);
    }
    threads.forEach(t -> Ptrace.detach(t, 0));
    if (stopped) {
      Signals.kill(pid, Signals.SIGSTOP);
    }
  }

  /** The mask is noted of the first thread; of others the place is known where that is. */
  private static OptionalLong noted(int pid, int lead, Masks masks, List<ThreadPlace> places) {
    return lead == pid
        ? masks.noted(pid)
        : places.stream().filter(p -> p.tid() == lead).mapToLong(ThreadPlace::mask).findFirst();
  }

  /** Ends the {@link Standstill} of a process that stays stopped. */
  static void putBack(int pid, List<ThreadPlace> places) {
    int lead = ProcFs.liveThread(pid);
    List<Integer> threads = seize(pid, lead);
    back(lead, threads, places);
    threads.forEach(t -> Ptrace.detach(t, 0));
  }

  private static void back(int lead, List<Integer> threads, List<ThreadPlace> places) {
    if (places.isEmpty()) {
      return;
    }
    long instruction = Standstill.instruction(ProcFs.maps(lead, false));
    for (ThreadPlace p : places) {
      if (threads.contains(p.tid())) {
        Standstill.back(p, instruction);
      }
    }
  }

  /** Stops all threads, so that none but the leader can take the SIGCONT; the leader's is first. */
  private static List<Integer> seize(int pid, int lead) {
    List<Integer> all = new ArrayList<>();
    for (boolean found = true; found; ) {
      found = false;
      for (int tid : ProcFs.threads(pid)) {
        boolean dead = tid == pid && lead != pid;
        if (!all.contains(tid) && !dead && stop(tid, tid == lead)) {
          all.add(tid);
          found = true;
        }
      }
    }
    return all;
  }

  private static boolean stop(int tid, boolean leader) {
    long r = Ptrace.seize(tid, Tracee.OPTIONS);
    if (!leader && Errno.ESRCH.is(r)) {
      return false;
    }
    Sys.check(r, "PTRACE_SEIZE", tid);
    Sys.check(Ptrace.interrupt(tid), "PTRACE_INTERRUPT", tid);
    return !Wait.of(tid).gone();
  }
}
