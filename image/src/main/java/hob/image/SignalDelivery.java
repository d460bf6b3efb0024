package hob.image;

import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Sys;
import hob.linux.Wait;
import hob.linux.WaitStatus;
import java.util.Map;

/**
 * Gives a running process a signal with the siginfo that it had elsewhere. The kernel lets nobody
 * but the process itself claim to be kill(2) or the kernel, so the process is stopped for a moment
 * and made to queue the signal for itself. Tracer's thread.
 */
public final class SignalDelivery {
  private static final long RED_ZONE = 128;

  private SignalDelivery() {}

  /**
   * Delivers.
   *
   * @param pid host pid
   * @param nsPid its pid as it knows it
   * @param info siginfo_t
   */
  public static void deliver(int pid, int nsPid, byte[] info) {
    int signal = Bytes.of(info).getInt(0);
    if (signal == Signals.SIGKILL || signal == Signals.SIGSTOP || signal == Signals.SIGCONT) {
      Signals.kill(pid, signal);
      return;
    }
    int task = live(pid);
    Sleeps sleeps = new Sleeps();
    sleeps.note(pid, task);
    if (Sys.failed(Ptrace.seize(task, Tracee.OPTIONS))) {
      // It is being debugged, or has just ended.
      Signals.kill(pid, signal);
      return;
    }
    try {
      Ptrace.interrupt(task);
      WaitStatus s = Wait.of(task);
      while (!s.gone() && s.event() != WaitStatus.EVENT_STOP) {
        Ptrace.cont(task, s.event() == 0 ? s.stopSignal() : 0);
        s = Wait.of(task);
      }
      if (!s.gone()) {
        queue(task, task == pid ? nsPid : NamespacePid.of(task), signal, info, sleeps);
        Ptrace.detach(task, 0);
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.ESRCH && e.errno() != Errno.ECHILD) {
        Ptrace.detach(task, 0);
        Signals.kill(pid, signal);
      }
    }
  }

  /** The thread that queues it: the first one, or another when that has ended. */
  private static int live(int pid) {
    try {
      return ProcFs.liveThread(pid);
    } catch (LinuxException e) {
      // ENOENT, ESRCH: it has just ended.
      return pid;
    }
  }

  /**
   * By the thread itself.
   *
   * @param self its own id: only by that may it claim another sender, and the process gets it
   */
  private static void queue(int pid, int self, int signal, byte[] info, Sleeps sleeps) {
    FrozenThread t = new FrozenThread(new Tracee(pid), Map.of());
    long[] regs = t.registers();
    long at = (regs[MachineCode.RSP] - RED_ZONE - Ptrace.SIGINFO) & ~15L;
    byte[] before = ProcessMemory.read(pid, at, Ptrace.SIGINFO);
    long vdso =
        ProcFs.maps(pid, false).stream()
            .filter(e -> e.path().equals("[vdso]"))
            .findFirst()
            .map(MapsEntry::start)
            .orElseThrow();
    t.open();
    try {
      ProcessMemory.write(pid, at, info);
      t.tracee().inject(vdso + Vdso.syscallOffset(), Nr.RT_SIGQUEUEINFO, self, signal, at);
      ProcessMemory.write(pid, at, before);
    } finally {
      t.close();
      t.keepCall(pid, sleeps);
    }
  }
}
