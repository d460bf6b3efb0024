package hob.image;

import static hob.image.MachineCode.ORIG_RAX;
import static hob.image.MachineCode.R10;
import static hob.image.MachineCode.RAX;
import static hob.image.MachineCode.RDI;
import static hob.image.MachineCode.RDX;
import static hob.image.MachineCode.RSI;
import static hob.image.MachineCode.RSP;

import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcessMemory;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongUnaryOperator;

/**
 * How a thread that was interrupted in a system call goes on in it elsewhere.
 *
 * <p>The kernel marks such a call by its result: -ERESTARTSYS, -ERESTARTNOINTR and -ERESTARTNOHAND
 * repeat the call as it was, or end it with EINTR when a handler runs first. The marks stay in the
 * registers, and it is the kernel of the target that decides, when the thread leaves its last
 * ptrace stop: a signal may become pending until then. -ERESTART_RESTARTBLOCK continues with a
 * time-out that the kernel keeps to itself; that one becomes a call that is repeated, with the time
 * that is left. A sleep that was given a place for it has it there, since the kernel has just been
 * interrupted in it; of others it is worked out from when the thread fell asleep ({@link Sleeps}).
 *
 * <p>A wait that a signal has stopped and continued before is restart_syscall(2): its number is
 * gone, its arguments are still in the registers, and its stack tells what it waits for. When it
 * began cannot be known any more: without a place for the time that is left it may last longer, as
 * any sleep may.
 *
 * <p>Some calls fail with EINTR whenever their thread is stopped, without any handler (signal(7)).
 * As no stop is to be seen by a program that moves, these are repeated too.
 */
final class SystemCallRestart {
  private static final int ERESTARTNOHAND = 514;
  private static final int ERESTART_RESTARTBLOCK = 516;
  private static final int EINTR = 4;
  private static final int FUTEX_COMMAND = 0x7f;
  private static final long RED_ZONE = 128;
  private static final int NONE = -1;
  private static final long NANOS = 1_000_000_000L;

  /** Calls that fail with EINTR when their thread is stopped. */
  private static final Set<Integer> EINTR_WHEN_STOPPED =
      Set.of(
          Nr.EPOLL_WAIT,
          Nr.EPOLL_PWAIT,
          Nr.EPOLL_PWAIT2,
          Nr.RT_SIGTIMEDWAIT,
          Nr.SEMOP,
          Nr.SEMTIMEDOP);

  private SystemCallRestart() {}

  /**
   * Changes {@code regs} so that a thread that starts from them does what the stopped one would
   * have done. It must start by leaving a ptrace stop in which it took a signal, so that the kernel
   * looks at its call.
   *
   * @param sleep what was noted before it was stopped
   * @return whether anything had to be changed
   */
  static boolean adjust(int pid, long[] regs, Optional<Sleeps.Sleep> sleep) {
    int nr = (int) regs[ORIG_RAX];
    if (nr < 0
        || !(regs[RAX] == -ERESTART_RESTARTBLOCK
            || (regs[RAX] == -EINTR && EINTR_WHEN_STOPPED.contains(nr)))) {
      return false;
    }
    try {
      Optional<Sleeps.Sleep> known = sleep.filter(s -> s.nr() == nr);
      repeat(
          pid,
          regs,
          known.map(Sleeps.Sleep::meant).orElse(nr),
          wanted -> known.map(s -> s.sleptNow(wanted)).orElse(0L));
    } catch (LinuxException e) {
      regs[RAX] = -EINTR;
    }
    return true;
  }

  private static void repeat(int pid, long[] regs, int nr, LongUnaryOperator slept) {
    switch (nr) {
      case Nr.NANOSLEEP, Nr.CLOCK_NANOSLEEP -> {
        // One that sleeps until a time is not continued but repeated by the kernel itself.
        if (isClock(regs[RDI])) {
          relative(pid, regs, Nr.CLOCK_NANOSLEEP, RDX, regs[R10], slept);
        } else {
          relative(pid, regs, Nr.NANOSLEEP, RDI, regs[RSI], slept);
        }
      }
      case Nr.POLL -> millis(regs, nr, RDX, slept);
      case Nr.EPOLL_WAIT, Nr.EPOLL_PWAIT -> millis(regs, nr, R10, slept);
      case Nr.FUTEX -> {
        // Others than FUTEX_WAIT wait until a time.
        boolean waits = (regs[RSI] & FUTEX_COMMAND) == 0;
        relative(pid, regs, nr, waits ? R10 : NONE, 0, slept);
      }
      case Nr.RT_SIGTIMEDWAIT -> relative(pid, regs, nr, RDX, 0, slept);
      case Nr.SEMTIMEDOP, Nr.EPOLL_PWAIT2 -> relative(pid, regs, nr, R10, 0, slept);
      case Nr.SEMOP -> again(regs, nr);
      default -> regs[RAX] = -EINTR;
    }
  }

  /** The kernel is to make the call again unless a handler runs first. */
  private static void again(long[] regs, int nr) {
    regs[ORIG_RAX] = nr;
    regs[RAX] = -ERESTARTNOHAND;
  }

  /** Again, with a time-out in milliseconds; none if it is negative. */
  private static void millis(long[] regs, int nr, int argument, LongUnaryOperator slept) {
    int wanted = (int) regs[argument];
    long passed = slept.applyAsLong(wanted * 1_000_000L) / 1_000_000;
    regs[argument] = wanted < 0 ? wanted : Math.max(0, wanted - passed);
    again(regs, nr);
  }

  /** Whether a first argument is clock_nanosleep(2)'s clock, not nanosleep(2)'s pointer. */
  private static boolean isClock(long argument) {
    long high = argument >> 31;
    return Long.compareUnsigned(argument, Hole.PAGE) < 0 || high == -1 || high == 1;
  }

  /**
   * Again, with a {@code struct timespec} of the time that is left, put below the stack's red zone.
   *
   * @param argument the register that leads to the time that was asked for; it may lead nowhere, or
   *     be {@link #NONE}
   * @param rest where the kernel has written what is left of it; 0 if nowhere
   * @param slept how long it has slept, given what it wanted, nanoseconds
   */
  private static void relative(
      int pid, long[] regs, int nr, int argument, long rest, LongUnaryOperator slept) {
    if (argument != NONE && regs[argument] != 0) {
      var spec = Bytes.of(ProcessMemory.read(pid, rest == 0 ? regs[argument] : rest, 16));
      long wanted = spec.getLong(0) * NANOS + spec.getLong(8);
      long left = Math.max(0, wanted - (rest == 0 ? slept.applyAsLong(wanted) : 0));
      long at = (regs[RSP] - RED_ZONE - 64) & ~15L;
      ProcessMemory.write(pid, at, Bytes.longs(left / NANOS, left % NANOS));
      regs[argument] = at;
    }
    again(regs, nr);
  }
}
