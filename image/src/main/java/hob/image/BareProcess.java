package hob.image;

import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.PosixSpawn;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Sys;
import hob.linux.Wait;
import java.util.List;
import java.util.Map;

/** A child of this daemon without any descriptor: something to practise on. Tracer's thread. */
public final class BareProcess {
  private BareProcess() {}

  /** Starts a program; it runs untraced when this returns. */
  public static int start(String path, List<String> argv) {
    int pid = PosixSpawn.spawn(path, argv, List.of());
    Sys.check(Ptrace.seize(pid, Tracee.OPTIONS), "PTRACE_SEIZE", pid);
    Sys.check(Ptrace.interrupt(pid), "PTRACE_INTERRUPT", pid);
    Wait.of(pid);
    FrozenThread t = new FrozenThread(new Tracee(pid), Map.of());
    long vdso =
        ProcFs.maps(pid, false).stream()
            .filter(e -> e.path().equals("[vdso]"))
            .findFirst()
            .map(MapsEntry::start)
            .orElseThrow();
    t.tracee().must(vdso + Vdso.syscallOffset(), "close_range", Nr.CLOSE_RANGE, 0, 0xffffffffL, 0);
    t.close();
    Ptrace.detach(pid, 0);
    return pid;
  }

  /** Ends and reaps it. */
  public static void end(int pid) {
    Signals.kill(pid, Signals.SIGKILL);
    Capture.awaitEnd(pid);
  }
}
