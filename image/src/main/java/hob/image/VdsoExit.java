package hob.image;

import hob.linux.MapsEntry;
import hob.linux.Ptrace;
import hob.linux.Wait;
import hob.linux.WaitStatus;
import java.util.List;

/**
 * A thread that stops in the code of the vdso goes on to where it was called from: another kernel's
 * code has other instructions there, and what it has read so far of this kernel's data would mean
 * nothing there. Tracer's thread.
 */
final class VdsoExit {
  /** Of a function that takes some hundreds. */
  private static final int MOST_STEPS = 1 << 14;

  private VdsoExit() {}

  /**
   * The thread as it stands afterwards.
   *
   * @param maps of its process
   */
  static FrozenThread left(FrozenThread t, List<MapsEntry> maps) {
    long[] registers = t.registers();
    long at = registers[MachineCode.RIP];
    if (registers[MachineCode.ORIG_RAX] >= 0 || !within(maps, at) || waits(maps, at)) {
      return t;
    }
    int tid = t.tid();
    Ptrace.signalMask(tid, Tracee.ALL_BUT_TRAP);
    for (int steps = 0; steps < MOST_STEPS && within(maps, at); steps++) {
      Ptrace.step(tid);
      WaitStatus s = Wait.of(tid);
      if (s.gone()) {
        return t;
      }
      at = Ptrace.registers(tid)[MachineCode.RIP];
    }
    Ptrace.signalMask(tid, t.mask());
    return new FrozenThread(new Tracee(tid), t.status());
  }

  private static boolean within(List<MapsEntry> maps, long at) {
    for (MapsEntry e : maps) {
      if (e.start() <= at && at < e.end()) {
        return e.path().equals("[vdso]");
      }
    }
    return false;
  }

  /** In a {@link Standstill}. */
  private static boolean waits(List<MapsEntry> maps, long at) {
    long instruction = Standstill.instruction(maps);
    return at == instruction || at == instruction + 2;
  }
}
