package hob.image;

import hob.linux.Ptrace;
import java.util.Map;

/** A stopped thread and what must be put back before it runs on. */
final class FrozenThread {
  private final Tracee tracee;
  private final int nsTid;
  private final Map<String, String> status;
  private final long[] registers;
  private final long mask;

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
    this.mask = Ptrace.signalMask(tracee.tid());
    tracee.base(registers);
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
   * Puts registers and mask back: if the daemon dies now, the thread runs on as if nothing had
   * been.
   */
  void close() {
    Ptrace.registers(tid(), registers);
    Ptrace.signalMask(tid(), mask);
  }
}
