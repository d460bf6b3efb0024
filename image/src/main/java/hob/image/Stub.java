package hob.image;

import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.PosixSpawn;
import hob.linux.ProcessMemory;
import hob.linux.Ptrace;
import hob.linux.Sched;
import hob.linux.Signals;
import hob.linux.Sys;
import hob.linux.Wait;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The smallest program: an ELF file of one page, in memory only, that does nothing but wait. New
 * processes start as it and are made into something else by injected calls.
 */
public final class Stub {
  private static final long BASE = 0x10000;
  private static final int CODE_OFFSET = 128;

  /** Address of {@link MachineCode} in a process that runs the stub. */
  static final long CODE = BASE + CODE_OFFSET;

  private Stub() {}

  private static byte[] elf() {
    int size = CODE_OFFSET + MachineCode.BYTES.length;
    ByteBuffer b = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    b.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    b.putShort((short) 2).putShort((short) 62).putInt(1);
    b.putLong(CODE + MachineCode.PARK).putLong(64).putLong(0).putInt(0);
    b.putShort((short) 64).putShort((short) 56).putShort((short) 1);
    b.putShort((short) 0).putShort((short) 0).putShort((short) 0);
    b.putInt(1)
        .putInt(5)
        .putLong(0)
        .putLong(BASE)
        .putLong(BASE)
        .putLong(size)
        .putLong(size)
        .putLong(4096);
    b.position(CODE_OFFSET);
    b.put(MachineCode.BYTES);
    return b.array();
  }

  /**
   * Starts a stub as a child of the calling thread, seizes it and stops it with all signals but
   * SIGTRAP blocked.
   *
   * <p>A failure leaves no process.
   *
   * @param name shown by ps
   * @param options PTRACE_O_ bits beside O_TRACESYSGOOD
   */
  static Tracee start(String name, int options) {
    Fd readOnly;
    // Nobody may have it open for writing when it is executed.
    try (Fd file = Fd.memfd(name, 0x10)) {
      file.writeAll(elf());
      readOnly = Fd.open(file.path(), Fd.O_RDONLY);
    }
    int pid;
    try (readOnly) {
      pid = PosixSpawn.spawn(readOnly.path(), List.of(name), List.of());
    }
    try {
      return furnish(pid, options);
    } catch (LinuxException e) {
      Signals.kill(pid, Signals.SIGKILL);
      Capture.awaitEnd(pid);
      throw e;
    }
  }

  private static Tracee furnish(int pid, int options) {
    // It is born with the daemon's own.
    Sched.nice(pid, 0);
    Sys.check(Ptrace.seize(pid, Tracee.OPTIONS | options), "PTRACE_SEIZE", pid);
    Sys.check(Ptrace.interrupt(pid), "PTRACE_INTERRUPT", pid);
    Wait.of(pid);
    Ptrace.signalMask(pid, Tracee.ALL_BUT_TRAP);
    Tracee t = new Tracee(pid);
    t.base(Ptrace.registers(pid));
    // What the daemon left open would be held for as long as the stub lives: its log, its sockets.
    t.mustCall(CODE + MachineCode.SINGLE, "close_range", Nr.CLOSE_RANGE, 0, 0xffffffffL, 0);
    long data = t.base()[MachineCode.RSP] - 4096;
    ProcessMemory.write(pid, data, MachineCode.trapAction(CODE));
    t.mustCall(
        CODE + MachineCode.SINGLE, "rt_sigaction", Nr.RT_SIGACTION, Signals.SIGTRAP, data, 0, 8);
    return t;
  }
}
