package hob.image;

import static hob.image.MachineCode.ORIG_RAX;
import static hob.image.MachineCode.RAX;
import static hob.image.MachineCode.RIP;
import static hob.image.MachineCode.RSI;
import static hob.image.MachineCode.RSP;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.PidFd;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;
import hob.linux.Ptrace;
import hob.linux.SeccompListener;
import hob.linux.Sys;
import hob.linux.Wait;
import hob.linux.WaitStatus;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Puts a process under Hob that waits for that in {@code read(2)}: it is stopped, made to install
 * the {@linkplain ExecFilter filter} that reports its execs and those of its descendants, and its
 * read is completed: with a newline when all went well, else with the end of the file. If this
 * daemon dies in between, the read goes on.
 *
 * <p>All methods on one thread.
 */
public final class Adopter {
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int ERESTARTSYS = 512;
  private static final int BELOW_STACK = 512;
  private static final long PATIENCE_NANOS = 2_000_000_000L;
  private static final byte[] SYSCALL = {0x0f, 0x05};

  private final int pid;
  private final Tracee tracee;
  private final long[] registers;
  private final long mask;

  private Adopter(int pid) {
    this.pid = pid;
    this.tracee = new Tracee(pid);
    this.registers = Ptrace.registers(pid);
    this.mask = Ptrace.signalMask(pid);
  }

  /**
   * The descriptor that a thread waits for in {@code read(2)}, empty when it does not.
   *
   * @throws LinuxException ENOENT or ESRCH when it is gone
   */
  public static Optional<Integer> reading(int pid) {
    String[] call = ProcFs.text("/proc/" + pid + "/syscall").split(" ", 3);
    return call.length == 3 && call[0].equals(String.valueOf(Nr.READ))
        ? Optional.of(Integer.decode(call[1]))
        : Optional.empty();
  }

  /**
   * Stops a process that waits in {@code read(2)}.
   *
   * @throws RefusedException when it may not be traced or does something else; it runs on
   */
  public static Adopter stop(int pid) throws RefusedException {
    long r = Ptrace.seize(pid, Tracee.OPTIONS);
    if (Errno.EPERM.is(r)) {
      throw new RefusedException(
          new Refusal(pid, "traced", "is being traced by another program (a debugger or strace)"));
    }
    Sys.check(r, "PTRACE_SEIZE", pid);
    if (Sys.failed(Ptrace.interrupt(pid))) {
      Capture.awaitEnd(pid);
      throw new RefusedException(new Refusal(pid, "no-process", "has ended"));
    }
    long start = System.nanoTime();
    while (true) {
      Optional<WaitStatus> w = Wait.wait4(pid, Wait.__WALL | Wait.WNOHANG);
      if (w.isEmpty()) {
        if (System.nanoTime() - start > PATIENCE_NANOS) {
          throw new RefusedException(new Refusal(pid, "uninterruptible", "does not stop"));
        }
        LockSupport.parkNanos(20_000);
        continue;
      }
      WaitStatus s = w.get();
      if (s.gone()) {
        throw new RefusedException(new Refusal(pid, "no-process", "has ended"));
      }
      if (s.event() == WaitStatus.EVENT_STOP) {
        break;
      }
      Ptrace.cont(pid, s.event() == 0 ? s.stopSignal() : 0);
    }
    Adopter a = new Adopter(pid);
    if (a.registers[ORIG_RAX] != Nr.READ || a.registers[RAX] != -ERESTARTSYS) {
      Ptrace.detach(pid, 0);
      throw new RefusedException(new Refusal(pid, "busy", "does not wait for hob any more"));
    }
    return a;
  }

  /**
   * Has the process install the filter.
   *
   * @return what hears of the execs
   * @throws RefusedException when it cannot have one
   */
  public SeccompListener install() throws RefusedException {
    long instruction = registers[RIP] - SYSCALL.length;
    if (!java.util.Arrays.equals(ProcessMemory.read(pid, instruction, SYSCALL.length), SYSCALL)) {
      throw new RefusedException(
          new Refusal(pid, "entry", "entered the kernel in a way that hob does not know"));
    }
    byte[] filter = ExecFilter.bytes();
    long at = (registers[RSP] - BELOW_STACK) & ~15L;
    byte[] before = ProcessMemory.read(pid, at, 16 + filter.length);
    tracee.base(registers);
    Ptrace.signalMask(pid, Tracee.ALL_BUT_TRAP);
    try {
      ProcessMemory.write(pid, at, Bytes.longs(ExecFilter.INSTRUCTIONS, at + 16));
      ProcessMemory.write(pid, at + 16, filter);
      long fd = seccomp(instruction, at);
      if (Errno.EACCES.is(fd)) {
        tracee.must(instruction, "prctl", Nr.PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        fd = seccomp(instruction, at);
      }
      if (Errno.EBUSY.is(fd)) {
        throw new RefusedException(
            new Refusal(pid, "listener", "has a seccomp filter with a listener already"));
      }
      Sys.check(fd, "seccomp", pid);
      try (Fd process = PidFd.open(pid)) {
        return new SeccompListener(PidFd.get(process, (int) fd));
      } finally {
        tracee.must(instruction, "close", Nr.CLOSE, fd);
      }
    } finally {
      ProcessMemory.write(pid, at, before);
    }
  }

  private long seccomp(long instruction, long at) {
    return tracee.inject(
        instruction,
        Nr.SECCOMP,
        SeccompListener.SET_MODE_FILTER,
        SeccompListener.NEW_LISTENER | SeccompListener.WAIT_KILLABLE_RECV,
        at);
  }

  /** Completes the read and lets the process run on, unless it has been killed. */
  public void finish(boolean adopted) {
    try {
      letGo(adopted);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ESRCH) {
        throw e;
      }
      // Its parent hears of its end when its tracer has.
      Capture.awaitEnd(pid);
    }
  }

  private void letGo(boolean adopted) {
    long[] end = registers.clone();
    end[ORIG_RAX] = -1;
    end[RAX] = adopted ? 1 : 0;
    if (adopted) {
      ProcessMemory.write(pid, registers[RSI], new byte[] {'\n'});
    }
    Ptrace.registers(pid, end);
    Ptrace.signalMask(pid, mask);
    Ptrace.detach(pid, 0);
  }
}
