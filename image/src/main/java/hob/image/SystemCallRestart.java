package hob.image;

import static hob.image.MachineCode.ORIG_RAX;
import static hob.image.MachineCode.R10;
import static hob.image.MachineCode.RAX;
import static hob.image.MachineCode.RDI;
import static hob.image.MachineCode.RDX;
import static hob.image.MachineCode.RIP;
import static hob.image.MachineCode.RSI;
import static hob.image.MachineCode.RSP;

import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;
import java.util.Optional;

/**
 * How a thread that was interrupted in a system call goes on in it elsewhere.
 *
 * <p>The kernel marks such a call by its result: -ERESTARTSYS, -ERESTARTNOINTR and -ERESTARTNOHAND
 * repeat the call as it was; -ERESTART_RESTARTBLOCK continues with a time-out that the kernel keeps
 * to itself. For that one the time that is left is worked out from when the thread fell asleep,
 * which {@code /proc/TID/sched} tells, and the call is made again with it.
 */
final class SystemCallRestart {
  private static final int ERESTARTSYS = 512;
  private static final int ERESTARTNOINTR = 513;
  private static final int ERESTARTNOHAND = 514;
  private static final int ERESTART_RESTARTBLOCK = 516;
  private static final int EINTR = 4;
  private static final int TIMER_ABSTIME = 1;
  private static final int FUTEX_COMMAND = 0x7f;
  private static final long RED_ZONE = 128;
  private static final long NANOS = 1_000_000_000L;

  private SystemCallRestart() {}

  /**
   * A relative wait that a thread is in, noted before it is stopped.
   *
   * @param nr system call
   * @param sleptNanos how long it had been asleep when noted
   * @param notedNanos {@code System.nanoTime()} then
   */
  record Sleep(int nr, long sleptNanos, long notedNanos) {
    long sleptNow() {
      return sleptNanos + System.nanoTime() - notedNanos;
    }
  }

  /** What {@code tid} sleeps in, when that is a wait whose time-out the kernel will hide. */
  static Optional<Sleep> note(int pid, int tid) {
    try {
      String task = "/proc/" + pid + "/task/" + tid;
      String call = ProcFs.text(task + "/syscall");
      int space = call.indexOf(' ');
      if (space < 0 || call.charAt(0) == '-') {
        return Optional.empty();
      }
      int nr = Integer.parseInt(call.substring(0, space));
      if (nr != Nr.NANOSLEEP
          && nr != Nr.CLOCK_NANOSLEEP
          && nr != Nr.POLL
          && nr != Nr.FUTEX
          && nr != Nr.RESTART_SYSCALL) {
        return Optional.empty();
      }
      double fellAsleep = execStart(task);
      double now = execStart("/proc/thread-self");
      return Optional.of(
          new Sleep(nr, Math.max(0, (long) ((now - fellAsleep) * 1e6)), System.nanoTime()));
    } catch (LinuxException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Scheduler's clock when the thread last ran, milliseconds. */
  private static double execStart(String task) {
    String s = ProcFs.text(task + "/sched");
    int at = s.indexOf("se.exec_start");
    if (at < 0) {
      throw new NumberFormatException("no se.exec_start");
    }
    int colon = s.indexOf(':', at);
    return Double.parseDouble(s.substring(colon + 1, s.indexOf('\n', colon)).trim());
  }

  /**
   * Changes {@code regs} so that a thread that starts from them does what the stopped one would
   * have done.
   */
  static void adjust(int pid, long[] regs, Optional<Sleep> sleep) {
    long nr = regs[ORIG_RAX];
    if (nr < 0) {
      return;
    }
    regs[ORIG_RAX] = -1;
    switch ((int) -regs[RAX]) {
      case ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND -> again(regs, nr);
      case ERESTART_RESTARTBLOCK -> continueWait(pid, regs, (int) nr, sleep);
      default -> {
        // The call had finished: its result stands.
      }
    }
  }

  private static void again(long[] regs, long nr) {
    regs[RAX] = nr;
    regs[RIP] -= 2;
  }

  private static void continueWait(int pid, long[] regs, int nr, Optional<Sleep> sleep) {
    try {
      long slept = sleep.filter(s -> s.nr() == nr).map(Sleep::sleptNow).orElse(0L);
      switch (nr) {
        case Nr.NANOSLEEP -> relative(pid, regs, nr, RDI, slept);
        case Nr.CLOCK_NANOSLEEP -> {
          if ((regs[RSI] & TIMER_ABSTIME) != 0) {
            again(regs, nr);
          } else {
            relative(pid, regs, nr, RDX, slept);
          }
        }
        case Nr.POLL -> {
          regs[RDX] = Math.max(0, regs[RDX] - slept / 1_000_000);
          again(regs, nr);
        }
        case Nr.FUTEX -> {
          if ((regs[RSI] & FUTEX_COMMAND) == 0) {
            relative(pid, regs, nr, R10, slept);
          } else {
            again(regs, nr);
          }
        }
        default -> regs[RAX] = -EINTR;
      }
    } catch (LinuxException e) {
      regs[RAX] = -EINTR;
    }
  }

  /**
   * Makes the call again with a {@code struct timespec} of the time that is left, put below the
   * stack's red zone.
   */
  private static void relative(int pid, long[] regs, int nr, int argument, long slept) {
    var wanted = Bytes.of(ProcessMemory.read(pid, regs[argument], 16));
    long left = Math.max(0, wanted.getLong(0) * NANOS + wanted.getLong(8) - slept);
    long at = (regs[RSP] - RED_ZONE - 64) & ~15L;
    ProcessMemory.write(pid, at, Bytes.longs(left / NANOS, left % NANOS));
    regs[argument] = at;
    again(regs, nr);
  }
}
