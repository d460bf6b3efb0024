package hob.image;

import static hob.image.MachineCode.ARGUMENTS;
import static hob.image.MachineCode.ORIG_RAX;
import static hob.image.MachineCode.RAX;
import static hob.image.MachineCode.RIP;
import static hob.image.MachineCode.RSP;

import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Wait;
import hob.linux.WaitStatus;
import java.util.Map;

/**
 * One traced thread in a ptrace stop. Only its tracer's thread uses it.
 *
 * <p>System calls are run in it one by one with {@link #inject}, which needs no memory of the
 * tracee, only the address of a {@code syscall} instruction. {@link Batch} is the fast way for
 * many.
 */
public final class Tracee {
  /**
   * Blocks what could get in between while calls are injected; SIGTRAP must stay open for {@code
   * int3}.
   */
  static final long ALL_BUT_TRAP = ~Signals.bit(Signals.SIGTRAP);

  /** Whether this daemon may lift the seccomp filters of what it traces. */
  static final boolean SUSPENDS_SECCOMP = suspendsSeccomp();

  /** What every tracee is traced with: calls that are injected pass the program's own filters. */
  static final int OPTIONS =
      Ptrace.O_TRACESYSGOOD | (SUSPENDS_SECCOMP ? Ptrace.O_SUSPEND_SECCOMP : 0);

  private static final int CAP_SYS_ADMIN = 21;

  private final int tid;
  private long[] base = new long[Ptrace.REGS];
  private boolean stopWanted;
  private int newborn;

  /** A thread that is stopped now. */
  Tracee(int tid) {
    this.tid = tid;
  }

  /** Thread id in the tracer's pid namespace. */
  public int tid() {
    return tid;
  }

  private static boolean suspendsSeccomp() {
    Map<String, String> own = ProcFs.status("/proc/self/status");
    long effective = Long.parseUnsignedLong(own.getOrDefault("CapEff", "0"), 16);
    return (effective >> CAP_SYS_ADMIN & 1) != 0 && "0".equals(own.getOrDefault("Seccomp", "0"));
  }

  /** Registers that injected calls start from (stack pointer, segments). */
  void base(long[] registers) {
    base = registers.clone();
    base[ORIG_RAX] = -1;
  }

  /** Injected calls use another stack from now on. */
  void stack(long top) {
    base[RSP] = top;
  }

  long[] base() {
    return base.clone();
  }

  /** Whether SIGSTOP came while calls ran; it is sent again when the process resumes. */
  boolean stopWanted() {
    return stopWanted;
  }

  /** Host tid of the thread or process that the last injected clone made; it is stopped. */
  int newborn() {
    return newborn;
  }

  /**
   * Runs one system call and returns its result or {@code -errno}.
   *
   * @param instruction address of a {@code syscall} instruction in the tracee
   */
  long inject(long instruction, int nr, long... arguments) {
    return inject(() -> {}, instruction, nr, arguments);
  }

  /**
   * Runs one system call where an {@code int3} stands behind the instruction, which costs one stop
   * instead of two.
   *
   * @param single address of {@link MachineCode#SINGLE}
   */
  long call(long single, int nr, long... arguments) {
    Ptrace.registers(tid, toCall(single, nr, arguments));
    newborn = 0;
    runToTrap("call");
    long[] r = Ptrace.registers(tid);
    if (r[RIP] != single + MachineCode.SINGLE_END) {
      throw new LinuxException("call", Errno.EPROTO, "rip " + Long.toHexString(r[RIP]));
    }
    return r[RAX];
  }

  /** As {@link #call}, throwing on error. */
  long mustCall(long single, String name, int nr, long... arguments) {
    return hob.linux.Sys.check(call(single, nr, arguments), name, "in tid " + tid);
  }

  private long[] toCall(long instruction, int nr, long... arguments) {
    long[] r = base.clone();
    r[ORIG_RAX] = -1;
    r[RIP] = instruction;
    r[RAX] = nr;
    for (int i = 0; i < 6; i++) {
      r[ARGUMENTS.get(i)] = i < arguments.length ? arguments[i] : 0;
    }
    return r;
  }

  /**
   * As {@link #must} of a process's leader; its fuse is set afterwards, so that it stands still
   * from the instruction behind the call on should its tracer end.
   */
  void mustAndHold(long instruction, String name, int nr, long... arguments) {
    long r = inject(() -> Fuse.set(tid), instruction, nr, arguments);
    hob.linux.Sys.check(r, name, "in tid " + tid);
  }

  private long inject(Runnable inside, long instruction, int nr, long... arguments) {
    Ptrace.registers(tid, toCall(instruction, nr, arguments));
    newborn = 0;
    for (int stops = 0; stops < 2; ) {
      Ptrace.syscall(tid);
      WaitStatus s = Wait.of(tid);
      if (s.gone()) {
        throw new LinuxException("inject", Errno.ESRCH, s);
      }
      if (s.syscallStop()) {
        stops++;
        if (stops == 1) {
          inside.run();
        }
      } else if (s.event() == WaitStatus.EVENT_CLONE
          || s.event() == WaitStatus.EVENT_FORK
          || s.event() == 2) {
        newborn = (int) Ptrace.eventMessage(tid);
      } else if (s.event() == 0 && s.stopSignal() == Signals.SIGSTOP) {
        stopWanted = true;
      } else if (s.event() != WaitStatus.EVENT_STOP) {
        throw new LinuxException("inject", Errno.EPROTO, s);
      }
    }
    return Ptrace.registers(tid)[RAX];
  }

  /**
   * Makes it stand before exit(2), which ends this thread alone.
   *
   * @param instruction address of a {@code syscall} instruction in the tracee
   */
  void exits(long instruction, int code) {
    long[] r = base();
    r[RIP] = instruction;
    r[RAX] = Nr.EXIT;
    r[ARGUMENTS.get(0)] = code;
    Ptrace.registers(tid, r);
  }

  /** As {@link #inject}, throwing on error. */
  long must(long instruction, String name, int nr, long... arguments) {
    return hob.linux.Sys.check(inject(instruction, nr, arguments), name, "in tid " + tid);
  }

  /**
   * Lets it run from the registers it has and waits for the {@code int3} of a batch or single call.
   *
   * @param what an error is to say; only then is it made a string
   */
  void runToTrap(Object what) {
    Ptrace.cont(tid, 0);
    awaitTrap(what);
  }

  /** Waits for the {@code int3} of code that was started with PTRACE_CONT. */
  void awaitTrap(Object what) {
    while (true) {
      WaitStatus s = Wait.of(tid);
      if (s.gone()) {
        throw new LinuxException(what.toString(), Errno.ESRCH, s);
      }
      if (s.event() == 0 && s.stopSignal() == Signals.SIGTRAP) {
        return;
      }
      int back = 0;
      if (s.event() == 0 && s.stopSignal() == Signals.SIGSTOP) {
        stopWanted = true;
      } else if (s.event() == WaitStatus.EVENT_CLONE || s.event() == WaitStatus.EVENT_FORK) {
        newborn = (int) Ptrace.eventMessage(tid);
      } else if (s.event() == 0 && trapIsPending()) {
        back = s.stopSignal();
      } else if (s.event() != WaitStatus.EVENT_STOP) {
        throw new LinuxException(
            what.toString(),
            Errno.EPROTO,
            s,
            "rip " + Long.toHexString(Ptrace.registers(tid)[RIP]));
      }
      Ptrace.cont(tid, back);
    }
  }

  /**
   * Whether the {@code int3} has been reached and its signal waits behind another. A fault of the
   * thread's own that it blocks, or had no time to take, is delivered before it: {@code
   * dequeue_synchronous_signal()} of the kernel looks at the mask of one of them only. Given back,
   * it goes behind the trap, blocked as it is.
   */
  private boolean trapIsPending() {
    Map<String, String> status = ProcFs.status("/proc/" + tid + "/status");
    long pending = Long.parseUnsignedLong(status.getOrDefault("SigPnd", "0").strip(), 16);
    return (pending & Signals.bit(Signals.SIGTRAP)) != 0;
  }
}
