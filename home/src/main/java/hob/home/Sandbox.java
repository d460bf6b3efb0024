package hob.home;

import hob.image.Vessel;
import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcFs;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The namespaces in which the jobs of one session run on a foreign host: pid, mount, uts, ipc and
 * network, with a /proc of their own, the home's host name, and an init process that only reaps.
 * Their root directory is the home's, or this host's where the two share their files. Only the
 * session's tracer thread.
 */
final class Sandbox {
  private static final int CLONE_NEWNS = 0x00020000;
  private static final int CLONE_NEWUTS = 0x04000000;
  private static final int CLONE_NEWIPC = 0x08000000;
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int MS_REC_PRIVATE = 0x4000 | 1 << 18;
  private static final int AF_INET = 2;
  private static final int SOCK_DGRAM = 2;
  private static final int SIOCSIFFLAGS = 0x8914;
  private static final int IFF_UP = 1;

  /** Pids from here on belong to processes born abroad. */
  static final int FOREIGN_PIDS = 1 << 21;

  /** Where the kernel's pids end at most. */
  static final int PID_MAX = 1 << 22;

  private static final long WNOHANG_WALL = 0x40000001L;

  private final Vessel init;
  private final Map<Integer, Vessel> known = new HashMap<>();
  private final boolean hasHomeFiles;

  private Sandbox(Vessel init, boolean hasHomeFiles) {
    this.init = init;
    this.hasHomeFiles = hasHomeFiles;
  }

  /**
   * Makes the namespaces. Until {@link Vessel#outlive} of its init process, everything in them dies
   * with this daemon.
   *
   * @param hostname of the home
   * @param nextPid the first pid for processes born here
   * @param root its root directory; null for this host's own
   */
  static Sandbox create(String hostname, int nextPid, @Nullable SandboxRoot root) {
    Vessel seed = Vessel.seed("hob-sandbox");
    try {
      seed.must("unshare", Nr.UNSHARE, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET);
      byte[] name = hostname.getBytes(StandardCharsets.UTF_8);
      seed.must("sethostname", Nr.SETHOSTNAME, seed.put(0, name), name.length);
      seed.must("mount", Nr.MOUNT, seed.put(0, "none"), seed.put(64, "/"), 0, MS_REC_PRIVATE, 0);
      loopback(seed);
      if (root != null) {
        new SandboxMounts(seed).enter(root);
      }
      Vessel init = seed.forkInit();
      SandboxMounts mounts = new SandboxMounts(init);
      mounts.processes();
      if (root != null) {
        mounts.system();
      }
      write(init, "/proc/sys/kernel/pid_max", String.valueOf(PID_MAX));
      write(init, "/proc/sys/kernel/ns_last_pid", String.valueOf(nextPid - 1));
      return new Sandbox(init, root != null);
    } finally {
      seed.kill();
    }
  }

  /** One that an earlier daemon made. */
  static Sandbox takeUp(Vessel init) {
    return new Sandbox(init, isOfHome(init));
  }

  private static void loopback(Vessel v) {
    long socket = v.must("socket", Nr.SOCKET, AF_INET, SOCK_DGRAM, 0);
    byte[] request = new byte[40];
    request[0] = 'l';
    request[1] = 'o';
    request[16] = IFF_UP;
    v.must("ioctl(SIOCSIFFLAGS)", Nr.IOCTL, socket, SIOCSIFFLAGS, v.put(0, request));
    v.must("close", Nr.CLOSE, socket);
  }

  /** Writes a file of the namespaces that {@code v} is in. */
  static void write(Vessel v, String path, String value) {
    long fd = v.must("open " + path, Nr.OPENAT, -100, v.put(0, path), 1, 0);
    byte[] b = value.getBytes(StandardCharsets.UTF_8);
    v.must("write " + path, Nr.WRITE, fd, v.put(0, b), b.length);
    v.must("close", Nr.CLOSE, fd);
  }

  /** Reads a small number from a file of the namespaces that {@code v} is in. */
  static int readNumber(Vessel v, String path) {
    long fd = v.must("open " + path, Nr.OPENAT, -100, v.put(0, path), 0, 0);
    long at = v.put(0, new byte[32]);
    long n = v.must("read " + path, Nr.READ, fd, at, 31);
    v.must("close", Nr.CLOSE, fd);
    byte[] b = hob.linux.ProcessMemory.read(v.pid(), at, (int) n);
    return Integer.parseInt(new String(b, StandardCharsets.US_ASCII).trim());
  }

  /** The init process. */
  Vessel init() {
    return init;
  }

  /** Processes that only wait, standing for those that stayed at home, by pid. */
  Map<Integer, Vessel> known() {
    return known;
  }

  /** Whether its root directory is its home's. */
  boolean hasHomeFiles() {
    return hasHomeFiles;
  }

  /** As its list of mounts says: a call about a file might have to wait for the home. */
  private static boolean isOfHome(Vessel init) {
    return ProcFs.text("/proc/" + init.pid() + "/mountinfo")
        .lines()
        .anyMatch(line -> line.split(" ")[4].equals("/") && line.contains(" - fuse.hob "));
  }

  /** Has the init process, which is stopped, take all its children that ended. */
  void reap(Vessel parent) {
    try {
      long reaped;
      do {
        reaped = parent.inject(Nr.WAIT4, -1, 0, WNOHANG_WALL, 0);
      } while (reaped > 0);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }

  /** Ends everything in it. */
  void destroy() {
    // The init process ends when all others in the namespace are reaped, these by their tracer.
    known.values().forEach(Vessel::kill);
    known.clear();
    init.kill();
  }
}
