package hob.image;

import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.Sched;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What threads sleep in, noted before they are stopped: relative waits whose time-outs the kernel
 * hides. When one fell asleep {@code /proc/TID/sched} tells, by the clock of the CPU that it last
 * ran on. Each CPU has its own, which leaves out what interrupts and other virtual machines take.
 * One thread.
 */
final class Sleeps {
  private static final int STAT_PROCESSOR = 39;
  private static final Set<Integer> TIMED =
      Set.of(
          Nr.NANOSLEEP,
          Nr.CLOCK_NANOSLEEP,
          Nr.POLL,
          Nr.FUTEX,
          Nr.RESTART_SYSCALL,
          Nr.EPOLL_WAIT,
          Nr.EPOLL_PWAIT,
          Nr.EPOLL_PWAIT2,
          Nr.RT_SIGTIMEDWAIT,
          Nr.SEMTIMEDOP);

  private final Map<Integer, Sleep> byTid = new HashMap<>();
  private final Map<Integer, Clock> clocks = new HashMap<>();

  /**
   * A wait.
   *
   * @param nr system call
   * @param meant what it is: restart_syscall(2) continues another one
   * @param sleptNanos how long it had been asleep when noted
   * @param notedNanos {@code System.nanoTime()} then
   */
  record Sleep(int nr, int meant, long sleptNanos, long notedNanos) {
    /**
     * How long it has slept by now; 0 when that cannot be known: who had slept for longer than it
     * wanted would not have been asleep. A CPU's clock is that of others only by and large.
     */
    long sleptNow(long wantedNanos) {
      return sleptNanos > wantedNanos ? 0 : sleptNanos + System.nanoTime() - notedNanos;
    }
  }

  /** A CPU's clock and {@code System.nanoTime()} at one moment. */
  private record Clock(long nanos, long atNanos) {
    long now() {
      return nanos + System.nanoTime() - atNanos;
    }
  }

  /** Notes all threads of a process, which may have ended. */
  void note(int pid) {
    try {
      for (int tid : ProcFs.threads(pid)) {
        note(pid, tid);
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }

  /** What was noted of a thread. */
  Optional<Sleep> of(int tid) {
    return Optional.ofNullable(byTid.get(tid));
  }

  /** Notes what a thread that runs sleeps in, if it does. */
  void note(int pid, int tid) {
    try {
      String task = "/proc/" + pid + "/task/" + tid;
      String call = ProcFs.text(task + "/syscall");
      int space = call.indexOf(' ');
      if (space < 0 || call.charAt(0) == '-') {
        return;
      }
      int nr = Integer.parseInt(call.substring(0, space));
      if (TIMED.contains(nr)) {
        int meant = nr == Nr.RESTART_SYSCALL ? continued(task) : nr;
        int cpu = (int) ProcFs.stat(task + "/stat").field(STAT_PROCESSOR);
        long slept = clock(cpu).now() - lastRan(task);
        byTid.put(tid, new Sleep(nr, meant, Math.max(0, slept), System.nanoTime()));
      }
    } catch (LinuxException | NumberFormatException e) {
      // It has ended, or this kernel does not tell: then it sleeps as long as at first.
      byTid.remove(tid);
    }
  }

  /**
   * What a thread continues by restart_syscall(2). The functions that sleep for a time do not show
   * in the stack of who sleeps.
   */
  private static int continued(String task) {
    String stack = ProcFs.text(task + "/stack");
    return stack.contains("futex") ? Nr.FUTEX : stack.contains("poll") ? Nr.POLL : Nr.NANOSLEEP;
  }

  private Clock clock(int cpu) {
    return clocks.computeIfAbsent(cpu, Sleeps::read);
  }

  /** By going there for a moment. */
  private static Clock read(int cpu) {
    byte[] all = Sched.affinity(0);
    byte[] one = new byte[all.length];
    one[cpu / 8] = (byte) (1 << (cpu % 8));
    Sched.affinity(0, one);
    try {
      return new Clock(lastRan("/proc/thread-self"), System.nanoTime());
    } finally {
      Sched.affinity(0, all);
    }
  }

  /** When a thread last ran, nanoseconds of its CPU's clock. */
  private static long lastRan(String task) {
    String s = ProcFs.text(task + "/sched");
    int at = s.indexOf("se.exec_start");
    if (at < 0) {
      throw new NumberFormatException("no se.exec_start");
    }
    int colon = s.indexOf(':', at);
    return (long) (Double.parseDouble(s.substring(colon + 1, s.indexOf('\n', colon)).trim()) * 1e6);
  }
}
