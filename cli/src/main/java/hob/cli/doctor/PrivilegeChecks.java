package hob.cli.doctor;

import hob.cli.doctor.Finding.Fine;
import hob.cli.doctor.Finding.Limited;
import hob.cli.doctor.Finding.Missing;
import java.util.ArrayList;
import java.util.List;

/** Capabilities of this process, which a daemon started here would have; capabilities(7). */
final class PrivilegeChecks {
  /**
   * A capability.
   *
   * @param bit its number in linux/capability.h
   * @param purpose why the daemon wants it
   * @param vital whether nothing works without
   */
  private record Capability(String name, int bit, String purpose, boolean vital) {}

  private static final List<Capability> CAPABILITIES =
      List.of(
          new Capability("CAP_SYS_ADMIN", 21, "namespaces, mounts", true),
          new Capability("CAP_SYS_PTRACE", 19, "capture and restore", true),
          new Capability("CAP_KILL", 5, "signals to users' processes", true),
          new Capability("CAP_SETUID", 7, "users' credentials", true),
          new Capability("CAP_SETGID", 6, "users' credentials", true),
          new Capability("CAP_CHECKPOINT_RESTORE", 40, "chosen pids, exe link", false),
          new Capability("CAP_NET_ADMIN", 12, "network of sandboxes and testbeds", false),
          new Capability("CAP_DAC_READ_SEARCH", 2, "open files by handle", false),
          new Capability("CAP_DAC_OVERRIDE", 1, "users' files", false),
          new Capability("CAP_SETPCAP", 8, "capability sets of processes", false),
          new Capability("CAP_SYS_NICE", 23, "priorities and affinities", false),
          new Capability("CAP_SYS_RESOURCE", 24, "limits above the daemon's own", false));

  private PrivilegeChecks() {}

  static List<Check> all() {
    List<Check> checks = new ArrayList<>();
    for (Capability capability : CAPABILITIES) {
      checks.add(new Check(capability.name, capability.purpose, () -> find(capability)));
    }
    checks.add(new Check("ptrace scope", "attach to processes", PrivilegeChecks::ptraceScope));
    return checks;
  }

  private static Finding find(Capability capability) {
    long effective =
        Facts.status("CapEff").map(mask -> Long.parseUnsignedLong(mask, 16)).orElse(0L);
    if ((effective >> capability.bit & 1) != 0) {
      return new Fine("there");
    }
    String mend =
        effective == 0
            ? "run it as root"
            : "give it to this session; a container or service manager took it";
    return capability.vital ? new Missing("not there", mend) : new Limited("not there", mend);
  }

  /** Documentation/admin-guide/LSM/Yama.rst: with CAP_SYS_PTRACE only 3 stands in the way. */
  private static Finding ptraceScope() {
    String scope = Facts.text("/proc/sys/kernel/yama/ptrace_scope").orElse("0");
    return scope.equals("3")
        ? new Missing(
            "kernel.yama.ptrace_scope is 3: nobody may attach", "restart with ptrace_scope below 3")
        : new Fine("kernel.yama.ptrace_scope " + scope);
  }
}
