package hob.image;

import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.Ptrace;
import java.util.List;

/**
 * A thread in doubt does not run the program whatever a user does while no daemon is there: it
 * stands before a {@code pause(2)} in the vdso, all its signals blocked. So a SIGCONT takes away
 * the {@link Fuse}, but lets it do nothing but wait, and stays pending for the program. On the
 * tracer's thread; the thread stands in a ptrace stop.
 */
final class Standstill {
  private Standstill() {}

  /** The instruction that they stand at. */
  static long instruction(List<MapsEntry> maps) {
    // It is one of the last.
    return instruction(
        maps.reversed().stream()
            .filter(e -> e.path().equals("[vdso]"))
            .findFirst()
            .orElseThrow()
            .start());
  }

  /** The instruction in a vdso that begins there. */
  static long instruction(long vdso) {
    return vdso + Vdso.syscallOffset();
  }

  /** Takes the thread out of the program, which goes on at {@code registers} one day. */
  static void take(int tid, long[] registers, long instruction) {
    long[] r = registers.clone();
    r[MachineCode.RIP] = instruction;
    r[MachineCode.RAX] = Nr.PAUSE;
    r[MachineCode.ORIG_RAX] = -1;
    Ptrace.signalMask(tid, Fuse.ALL);
    Ptrace.registers(tid, r);
  }

  /** Puts it back, or leaves it alone if it does not stand so. */
  static void back(ThreadPlace place, long instruction) {
    long[] now = Ptrace.registers(place.tid());
    boolean before =
        now[MachineCode.RIP] == instruction
            && now[MachineCode.ORIG_RAX] == -1
            && now[MachineCode.RAX] == Nr.PAUSE;
    boolean inside =
        now[MachineCode.RIP] == instruction + 2 && now[MachineCode.ORIG_RAX] == Nr.PAUSE;
    if (before || inside) {
      putBack(place);
    }
  }

  /** Puts it back. */
  static void putBack(ThreadPlace place) {
    Ptrace.registers(place.tid(), place.registers());
    Ptrace.signalMask(place.tid(), place.mask());
  }
}
