package hob.cli.doctor;

import hob.cli.doctor.Finding.Fine;
import hob.cli.doctor.Finding.Limited;
import hob.cli.doctor.Finding.Missing;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Kcmp;
import hob.linux.LinuxException;
import hob.linux.MapsEntry;
import hob.linux.PageMap;
import hob.linux.PidFd;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;
import java.util.List;
import java.util.stream.Stream;

/** What the kernel was built with and lets us do. Each probe works on this very process. */
final class KernelChecks {
  private static final List<String> NAMESPACES =
      List.of("user", "pid", "mnt", "net", "uts", "ipc", "time", "cgroup");

  private static final String REBUILD = "use a kernel with CONFIG_";

  private KernelChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("kcmp", "shared open files", KernelChecks::kcmp),
        new Check("chosen pids", "same pid abroad", KernelChecks::chosenPids),
        new Check("pagemap scan", "find pages to move", KernelChecks::pagemapScan),
        new Check("process_vm_readv", "copy memory", KernelChecks::processMemory),
        new Check("pidfd_getfd", "streams, open files", KernelChecks::pidfdGetfd),
        new Check("seccomp", "see execs, refuse what cannot move", KernelChecks::seccomp),
        new Check("userfaultfd", "precopy, on-reference", KernelChecks::userfaultfd),
        new Check("namespaces", "sandboxes", KernelChecks::namespaces),
        new Check("user namespaces", "sandboxes", KernelChecks::userNamespaces),
        new Check("sealed mappings", "move the vdso", KernelChecks::sealedMappings),
        new Check("cgroups", "freeze sandboxes, quotas", KernelChecks::cgroups),
        new Check(
            "/dev/fuse", "the home's files abroad", () -> device("/dev/fuse", "FUSE_FS", "fuse")),
        new Check(
            "/dev/net/tun",
            "the home's network abroad",
            () -> device("/dev/net/tun", "TUN", "tun")));
  }

  private static int self() {
    return (int) ProcessHandle.current().pid();
  }

  private static Finding kcmp() {
    try {
      return Kcmp.compare(self(), self(), Kcmp.FILES, 0, 0) == 0
          ? new Fine("works")
          : new Missing("a process differs from itself", "report it");
    } catch (LinuxException e) {
      return new Missing(named(e), REBUILD + "KCMP, and CAP_SYS_PTRACE");
    }
  }

  private static Finding chosenPids() {
    return Facts.exists("/proc/sys/kernel/ns_last_pid")
        ? new Fine("ns_last_pid is there")
        : new Missing("no ns_last_pid", REBUILD + "CHECKPOINT_RESTORE and PID_NS");
  }

  private static Finding pagemapScan() {
    try (PageMap map = new PageMap(self())) {
      MapsEntry some = readable();
      map.scanPrivate(some.start(), some.end(), (_, _) -> {});
      return new Fine("works");
    } catch (LinuxException e) {
      return new Missing(named(e), REBUILD + "PROC_PAGE_MONITOR, 6.7 or later");
    }
  }

  private static Finding processMemory() {
    try {
      ProcessMemory.read(self(), readable().start(), 8);
      return new Fine("works");
    } catch (LinuxException e) {
      return new Missing(named(e), REBUILD + "CROSS_MEMORY_ATTACH");
    }
  }

  /** A mapping of this process: its program's first page is there in any case. */
  private static MapsEntry readable() {
    return ProcFs.maps(self(), false).stream()
        .filter(vma -> vma.path().endsWith("/java") && (vma.protection() & 1) != 0)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("this is no java"));
  }

  private static Finding pidfdGetfd() {
    try (Fd process = PidFd.open(self());
        Fd copy = PidFd.get(process, process.number())) {
      return new Fine("works, as descriptor " + copy.number());
    } catch (LinuxException e) {
      return new Missing(named(e), "use Linux 5.6 or later");
    }
  }

  private static Finding seccomp() {
    String actions = Facts.text("/proc/sys/kernel/seccomp/actions_avail").orElse("");
    if (!List.of(actions.split(" ")).contains("user_notif")) {
      return new Missing("no user_notif among: " + actions, REBUILD + "SECCOMP_FILTER");
    }
    return Facts.status("Seccomp").orElse("0").equals("0")
        ? new Fine("user_notif, no filter on this session")
        : new Limited(
            "this session is filtered itself", "start the daemon outside of the container");
  }

  private static Finding userfaultfd() {
    long fd = Fd.tryOpen("/dev/userfaultfd", Fd.O_RDWR, 0);
    if (fd >= 0) {
      Fd.of(fd).close();
      return new Fine("/dev/userfaultfd opens");
    }
    return new Missing(
        "/dev/userfaultfd: " + Errno.of((int) -fd),
        Errno.ENOENT.is(fd) ? REBUILD + "USERFAULTFD, 6.1 or later" : "run it as root");
  }

  private static Finding namespaces() {
    List<String> missing =
        NAMESPACES.stream().filter(kind -> !Facts.exists("/proc/self/ns/" + kind)).toList();
    return missing.isEmpty()
        ? new Fine(String.join(" ", NAMESPACES))
        : new Missing(
            "no " + String.join(", ", missing), REBUILD + "NAMESPACES and all kinds of them");
  }

  private static Finding userNamespaces() {
    if (Facts.text("/proc/sys/user/max_user_namespaces").orElse("1").equals("0")) {
      return new Missing("user.max_user_namespaces is 0", "sysctl user.max_user_namespaces=10000");
    }
    return Facts.failure("unshare", "-U", "true")
        .<Finding>map(said ->
            new Missing(
                said,
                "sysctl kernel.unprivileged_userns_clone=1"
                    + " kernel.apparmor_restrict_unprivileged_userns=0"))
        .orElseGet(() -> new Fine("can be made"));
  }

  /** CONFIG_MSEAL_SYSTEM_MAPPINGS shows as flag "sl" of the vdso. */
  private static Finding sealedMappings() {
    boolean sealed =
        ProcFs.maps(self(), true).stream()
            .anyMatch(vma -> vma.path().equals("[vdso]") && vma.has("sl"));
    return sealed
        ? new Missing("the vdso is sealed", "use a kernel without CONFIG_MSEAL_SYSTEM_MAPPINGS")
        : new Fine("the vdso can be moved");
  }

  private static Finding cgroups() {
    String mounts = Facts.text("/proc/self/mounts").orElse("");
    boolean v2 = mounts.lines().anyMatch(line -> line.contains(" cgroup2 "));
    boolean v1 =
        Stream.of("freezer", "cpu")
            .allMatch(
                c -> mounts.lines().anyMatch(l -> l.matches(".* cgroup .*[ ,]" + c + "[ ,].*")));
    if (v2) {
      return new Fine(v1 ? "versions 1 and 2" : "version 2");
    }
    return v1
        ? new Limited(
            "version 1 only", "mount version 2: mount -t cgroup2 none /sys/fs/cgroup/unified")
        : new Missing("none mounted", "mount -t cgroup2 none /sys/fs/cgroup");
  }

  private static Finding device(String path, String option, String module) {
    long fd = Fd.tryOpen(path, Fd.O_RDWR, 0);
    if (fd >= 0) {
      Fd.of(fd).close();
      return new Fine("opens");
    }
    return new Limited(
        Errno.of((int) -fd).toString(), "modprobe " + module + ", or " + REBUILD + option);
  }

  private static String named(LinuxException e) {
    return e.call() + ": " + e.errno();
  }
}
