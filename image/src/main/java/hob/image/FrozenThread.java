package hob.image;

import hob.linux.Ptrace;

/** A stopped thread and what must be put back before it runs on. */
final class FrozenThread {
  private final Tracee tracee;
  private final int nsTid;
  private final long[] registers;
  private final long mask;

  FrozenThread(Tracee tracee, int nsTid) {
    this.tracee = tracee;
    this.nsTid = nsTid;
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
