package hob.image;

import hob.linux.LinuxException;
import hob.linux.ProcessMemory;
import hob.linux.Ptrace;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A stopped thread and what must be put back before it runs on. */
final class FrozenThread {
  private final Tracee tracee;
  private final int nsTid;
  private final Map<String, String> status;
  private final long[] registers;
  private final long @Nullable [] rseq;
  private final long mask;
  private long @Nullable [] elsewhere;

  /**
   * A stopped thread.
   *
   * @param status its status file, read since it stopped
   */
  FrozenThread(Tracee tracee, Map<String, String> status) {
    this.tracee = tracee;
    this.status = status;
    this.nsTid = ProcessFacts.last(status.getOrDefault("NSpid", String.valueOf(tracee.tid())));
    this.registers = Ptrace.registers(tracee.tid());
    this.rseq = Ptrace.rseq(tracee.tid());
    if (rseq != null) {
      leaveCriticalSection(tracee.tid(), rseq[0], registers);
    }
    this.mask = Ptrace.signalMask(tracee.tid());
    tracee.base(registers);
  }

  /**
   * A thread in a restartable sequence goes to its abort address, as after any preemption: calls
   * that are injected would make the kernel forget that it was in one.
   */
  private static void leaveCriticalSection(int tid, long rseq, long[] registers) {
    try {
      long section = ProcessMemory.readLong(tid, rseq + 8);
      if (section != 0) {
        var cs = Bytes.of(ProcessMemory.read(tid, section, 32));
        long start = cs.getLong(8);
        if (Long.compareUnsigned(registers[MachineCode.RIP] - start, cs.getLong(16)) < 0) {
          registers[MachineCode.RIP] = cs.getLong(24);
        }
      }
    } catch (LinuxException e) {
      // The kernel would kill it for a bad pointer when it is next preempted; that is not for Hob
      // to do.
      return;
    }
  }

  /** Its restartable sequences, as {@link Ptrace#rseq} gives them; null when it has none. */
  long @Nullable [] rseq() {
    return rseq;
  }

  Tracee tracee() {
    return tracee;
  }

  int tid() {
    return tracee.tid();
  }

  /** Thread id as the process itself knows it. */
  int nsTid() {
    return nsTid;
  }

  /** Lines of its status file. */
  Map<String, String> status() {
    return status;
  }

  long[] registers() {
    return registers.clone();
  }

  long mask() {
    return mask;
  }

  /** Makes ready for injected calls. */
  void open() {
    Ptrace.signalMask(tid(), Tracee.ALL_BUT_TRAP);
  }

  /**
   * The registers that it is to go on with elsewhere. Worked out once: the time that is left of a
   * sleep is written into the process.
   *
   * @param sleeps what was noted before it stopped
   */
  long[] elsewhere(int pid, Sleeps sleeps) {
    long[] known = elsewhere;
    if (known == null) {
      known = registers.clone();
      SystemCallRestart.adjust(pid, known, sleeps.of(tid()));
      elsewhere = known;
    }
    return known;
  }

  /**
   * When it goes on here after all: a call that was interrupted does as it would elsewhere. The
   * kernel would end some with EINTR, and make another of those with a time-out, so that the next
   * freeze could not tell what it was.
   */
  void keepCall(int pid, Sleeps sleeps) {
    if (!Arrays.equals(elsewhere(pid, sleeps), registers)) {
      Ptrace.registers(tid(), elsewhere(pid, sleeps));
    }
  }

  /**
   * Puts registers and mask back: if the daemon dies now, the thread runs on as if nothing had
   * been.
   */
  void close() {
    Ptrace.registers(tid(), registers);
    Ptrace.signalMask(tid(), mask);
  }
}
