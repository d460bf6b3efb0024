package hob.files.home;

import hob.files.home.Mount.Kind;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.RawMemory;
import hob.linux.Sys;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The mounts that guests have come to. Any thread. */
final class MountTable {
  private static final System.Logger LOG = System.getLogger(MountTable.class.getName());

  /** The kernel's own file systems, and hob's: never shown to other hosts. */
  private static final Set<String> HIDDEN =
      Set.of(
          "proc",
          "sysfs",
          "devtmpfs",
          "devpts",
          "cgroup",
          "cgroup2",
          "debugfs",
          "tracefs",
          "securityfs",
          "configfs",
          "efivarfs",
          "bpf",
          "pstore",
          "fusectl",
          "binfmt_misc",
          "mqueue",
          "hugetlbfs",
          "nsfs",
          "autofs",
          "fuse.hob");

  /** Where others may change files without this kernel's knowledge. */
  private static final List<String> SHARED =
      List.of("nfs", "cifs", "smb3", "ceph", "lustre", "9p", "fuse", "gfs2", "ocfs2", "virtiofs");

  private final Map<Long, Mount> byId = new ConcurrentHashMap<>();
  private final Watch watch;
  // Guarded by this.
  private final Map<Long, Integer> devices = new HashMap<>();

  MountTable(Watch watch) {
    this.watch = watch;
  }

  /**
   * The mount with this id.
   *
   * @param worker whose thread asks; it may be left acting as root
   * @param fd O_PATH descriptor of a file on it
   * @param handles whether the file has a handle
   */
  Mount get(long id, Worker worker, int fd, boolean handles) {
    Mount known = byId.get(id);
    return known != null ? known : make(id, worker, fd, handles);
  }

  /** The mount with this id, if guests have come to it. */
  @Nullable Mount get(long id) {
    return byId.get(id);
  }

  /**
   * A mount that guests of an earlier program have come to.
   *
   * @param number {@link Mount#number} there
   */
  synchronized void restore(long id, Worker worker, int fd, boolean handles, int number) {
    if (!byId.containsKey(id)) {
      devices.put(FileStat.of("/proc/self/fd/" + fd).device(), number);
      make(id, worker, fd, handles);
    }
  }

  private int nextNumber() {
    return 1 + devices.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
  }

  private synchronized Mount make(long id, Worker worker, int fd, boolean handles) {
    Mount known = byId.get(id);
    if (known != null) {
      return known;
    }
    worker.identity().root();
    FileStat stat = FileStat.of("/proc/self/fd/" + fd);
    String type = type(stat.device());
    Kind kind = kind(type, handles);
    Fd root = stat.isDirectory() && kind != Kind.HIDDEN ? readable(fd) : Fd.of(-1);
    if (kind == Kind.WATCHED && root.number() >= 0) {
      long r = watch.add(root.number());
      if (Sys.failed(r)) {
        kind = Kind.UNWATCHED;
        LOG.log(Level.INFO, "{0} cannot be watched: cached for a second only", type);
      }
    }
    int index = devices.computeIfAbsent(stat.device(), _ -> nextNumber());
    Mount mount = new Mount(id, root, fileSystem(fd), (long) index << 48, kind);
    byId.put(id, mount);
    return mount;
  }

  private static Fd readable(int fd) {
    return Fd.of(Fd.tryOpen("/proc/self/fd/" + fd, Fd.O_RDONLY, 0));
  }

  private static Kind kind(String type, boolean handles) {
    if (HIDDEN.contains(type)) {
      return Kind.HIDDEN;
    }
    if (!handles) {
      return Kind.WITHOUT_HANDLES;
    }
    for (String shared : SHARED) {
      if (type.startsWith(shared)) {
        return Kind.UNWATCHED;
      }
    }
    return Kind.WATCHED;
  }

  private static long fileSystem(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      long buffer = arena.allocate(128, 8).address();
      Sys.check(Sys.call(Nr.FSTATFS, fd, buffer), "fstatfs", fd);
      return RawMemory.i64(buffer + 56);
    }
  }

  /** The type of the file system with this device number, as mountinfo names it. */
  private static String type(long device) {
    String wanted = (device >>> 32) + ":" + (device & 0xffffffffL);
    for (String line : ProcFs.text("/proc/self/mountinfo").split("\n")) {
      String[] field = line.split(" ");
      if (field.length > 6 && field[2].equals(wanted)) {
        for (int i = 6; i < field.length - 1; i++) {
          if (field[i].equals("-")) {
            return field[i + 1];
          }
        }
      }
    }
    return "";
  }
}
