package hob.home;

import hob.image.Vessel;
import hob.linux.Fd;
import hob.linux.Nr;
import java.nio.file.Path;
import java.util.List;

/**
 * The mounts of a sandbox whose root is its home's file system: what belongs to a kernel is this
 * host's own. Afterwards no name leads to any other file of this host. Only the session's tracer
 * thread.
 */
final class SandboxMounts {
  private static final int MS_NOSUID = 2;
  private static final int MS_NODEV = 4;
  private static final int MS_NOEXEC = 8;
  private static final int MS_RDONLY = 1;
  private static final int MS_BIND = 4096;
  private static final int MS_REC = 16384;
  private static final int MNT_DETACH = 2;
  private static final int KERNELS_OWN = MS_NOSUID | MS_NODEV | MS_NOEXEC;

  /** They are the same on every host. */
  private static final List<String> DEVICES =
      List.of("null", "zero", "full", "random", "urandom", "tty");

  /** Name in /dev, and where it leads. */
  private static final List<List<String>> LINKS =
      List.of(
          List.of("fd", "/proc/self/fd"),
          List.of("stdin", "/proc/self/fd/0"),
          List.of("stdout", "/proc/self/fd/1"),
          List.of("stderr", "/proc/self/fd/2"),
          List.of("ptmx", "pts/ptmx"));

  /** Where in the scratch space of a fresh stub the strings of a call go. */
  private static final int STRING = 1024;

  private final Vessel vessel;

  /** Makes mounts in the namespace of a fresh stub. */
  SandboxMounts(Vessel vessel) {
    this.vessel = vessel;
  }

  /** Makes {@code root} the root directory; all that is mounted elsewhere is out of reach then. */
  void enter(SandboxRoot root) {
    String top = root.mount().toString();
    for (Path shared : root.shared()) {
      mount(shared.toString(), top + shared, "", MS_BIND | MS_REC);
    }
    String dev = top + "/dev";
    mount("tmpfs", dev, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=64k");
    for (String device : DEVICES) {
      String name = dev + "/" + device;
      long file =
          must("open " + name, Nr.OPENAT, Fd.AT_FDCWD, text(0, name), Fd.O_WRONLY | Fd.O_CREAT, 0);
      must("close", Nr.CLOSE, file);
      mount("/dev/" + device, name, "", MS_BIND);
    }
    for (List<String> link : LINKS) {
      String name = dev + "/" + link.getFirst();
      must("symlink " + name, Nr.SYMLINKAT, text(0, link.getLast()), Fd.AT_FDCWD, text(1, name));
    }
    for (String directory : List.of("pts", "shm")) {
      String name = dev + "/" + directory;
      must("mkdir " + name, Nr.MKDIRAT, Fd.AT_FDCWD, text(0, name), 0755);
    }
    mount("tmpfs", dev + "/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
    must("chdir " + top, Nr.CHDIR, text(0, top));
    must("pivot_root", Nr.PIVOT_ROOT, text(0, "."), text(1, "."));
    must("umount2", Nr.UMOUNT2, text(0, "."), MNT_DETACH);
    must("chdir /", Nr.CHDIR, text(0, "/"));
  }

  /** Mounts what shows the sandbox's own network; by its init process. */
  void system() {
    mount("sysfs", "/sys", "sysfs", KERNELS_OWN | MS_RDONLY);
  }

  /** Mounts what shows the sandbox's own processes and terminals; by its init process. */
  void processes() {
    mount("proc", "/proc", "proc", 0);
    mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=620");
  }

  private void mount(String what, String where, String type, int flags) {
    mount(what, where, type, flags, "");
  }

  private void mount(String what, String where, String type, int flags, String options) {
    must(
        "mount " + where,
        Nr.MOUNT,
        text(0, what),
        text(1, where),
        type.isEmpty() ? 0 : vessel.put(2 * STRING, type),
        flags,
        options.isEmpty() ? 0 : vessel.put(2 * STRING + 64, options));
  }

  private long must(String name, int nr, long... arguments) {
    return vessel.must(name, nr, arguments);
  }

  private long text(int which, String text) {
    return vessel.put(which * STRING, text);
  }
}
