package hob.image;

import hob.image.proto.ThreadState;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.Signals;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/** What kind of process it is: what pins it as a whole. Nothing to carry. */
final class KindState implements StateModule {
  private static final List<String> NAMESPACES =
      List.of("mnt", "uts", "ipc", "net", "user", "pid", "cgroup", "time");

  private static final int VFORK_MILLIS = 200;
  private static final int DEVICE_MILLIS = 500;
  private static final long PF_KTHREAD = 0x00200000;

  /** vfork(2), clone(2) and clone3(2) in /proc/PID/syscall. */
  private static final Pattern VFORK =
      Pattern.compile("^(" + Nr.VFORK + "|" + Nr.CLONE + "|" + Nr.CLONE3 + ") ");

  @Override
  public String name() {
    return "kind";
  }

  @Override
  public void check(ProcessFacts p, List<Refusal> out) {
    if (p.pid() == 1 || p.nsPid() == 1) {
      out.add(new Refusal(p.pid(), "init", "is the init process of its pid namespace"));
      return;
    }
    if (p.stat().state() == 'Z') {
      return;
    }
    if ((p.stat().field(9) & PF_KTHREAD) != 0) {
      out.add(new Refusal(p.pid(), "kernel-thread", "is a kernel thread"));
      return;
    }
    if (is32Bit(p.pid())) {
      out.add(new Refusal(p.pid(), "32-bit", "runs 32-bit code"));
    }
    if (p.stat().state() == 'D' && inVfork(p.pid())) {
      out.add(
          new Refusal(
              p.pid(),
              "vfork",
              "waits for its vfork child, which has not become another program yet"));
    } else if (p.stat().state() == 'D' && staysUninterruptible(p.pid())) {
      out.add(
          new Refusal(
              p.pid(), "uninterruptible", "does not stop: it waits in the kernel for a device"));
    }
    String tracer = p.status().getOrDefault("TracerPid", "0");
    // A thread of this daemon: it holds the process in its exec.
    if (!tracer.equals("0") && !Files.exists(Path.of("/proc/self/task/" + tracer))) {
      out.add(
          new Refusal(
              p.pid(),
              "traced",
              "is being traced by process " + tracer + " (a debugger or strace)"));
    }
    for (String ns : NAMESPACES) {
      namespace(p, ns, out);
    }
  }

  /** Who has his system calls given to himself takes them as SIGSYS. */
  @Override
  public boolean suspect(ProcessFacts p) {
    String caught = p.status().getOrDefault("SigCgt", "0");
    return (Long.parseUnsignedLong(caught, 16) & Signals.bit(Signals.SIGSYS)) != 0;
  }

  @Override
  public void encapsulateThread(
      FrozenProcess p, FrozenThread t, Batch batch, ThreadState.Builder out) {
    Refusal r = t == p.leader() ? null : TableCheck.ofThread(p.pid(), t.tid());
    if (r != null) {
      throw new Collection.Refused(r);
    }
  }

  /** By its executable; one that changes over by itself is found when it stands still. */
  private static boolean is32Bit(int pid) {
    try (Fd exe = Fd.open("/proc/" + pid + "/exe", Fd.O_RDONLY)) {
      byte[] head = exe.readSome(5);
      return head.length == 5 && head[0] == 0x7f && head[4] == 1;
    } catch (LinuxException e) {
      // It has just ended.
      return false;
    }
  }

  /** Most vforks last less than that: whoever asks waits it out. */
  private static boolean inVfork(int pid) {
    for (int tries = 0; tries < VFORK_MILLIS; tries++) {
      try {
        String call = ProcFs.text("/proc/" + pid + "/syscall");
        if (!VFORK.matcher(call).find() || ProcFs.stat("/proc/" + pid + "/stat").state() != 'D') {
          return false;
        }
      } catch (LinuxException e) {
        // ESRCH: it has ended.
        return false;
      }
      LockSupport.parkNanos(1_000_000);
    }
    return true;
  }

  /** Whether it goes on to wait, and for the same. */
  private static boolean staysUninterruptible(int pid) {
    try {
      String before = switches(pid);
      for (int tries = 0; tries < DEVICE_MILLIS; tries++) {
        LockSupport.parkNanos(1_000_000);
        if (ProcFs.stat("/proc/" + pid + "/stat").state() != 'D' || !switches(pid).equals(before)) {
          return false;
        }
      }
      return true;
    } catch (LinuxException e) {
      // ESRCH: it has ended.
      return false;
    }
  }

  private static String switches(int pid) {
    return ProcFs.status("/proc/" + pid + "/status").getOrDefault("voluntary_ctxt_switches", "");
  }

  private static void namespace(ProcessFacts p, String ns, List<Refusal> out) {
    try {
      String own = Fd.readlink("/proc/" + p.pid() + "/ns/" + ns);
      String expected = Fd.readlink("/proc/" + p.reference() + "/ns/" + ns);
      if (!own.equals(expected)) {
        out.add(new Refusal(p.pid(), "namespace", "has a " + ns + " namespace of its own"));
      }
    } catch (LinuxException e) {
      // The process ended or the kernel has no such namespace: then it does not pin.
      return;
    }
  }
}
