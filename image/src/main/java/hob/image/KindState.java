package hob.image;

import hob.linux.Fd;
import hob.linux.LinuxException;
import java.util.List;

/** What kind of process it is: what pins it as a whole. Nothing to carry. */
final class KindState implements StateModule {
  private static final List<String> NAMESPACES =
      List.of("mnt", "uts", "ipc", "net", "user", "pid", "cgroup", "time");

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
    if (p.maps().isEmpty() && p.stat().state() != 'Z') {
      out.add(new Refusal(p.pid(), "kernel-thread", "is a kernel thread"));
      return;
    }
    if (!"0".equals(p.status().getOrDefault("TracerPid", "0"))) {
      out.add(
          new Refusal(
              p.pid(),
              "traced",
              "is being traced by process "
                  + p.status().get("TracerPid")
                  + " (a debugger or strace)"));
    }
    for (String ns : NAMESPACES) {
      namespace(p, ns, out);
    }
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
