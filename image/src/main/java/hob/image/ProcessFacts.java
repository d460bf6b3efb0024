package hob.image;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.MapsEntry;
import hob.linux.ProcFs;
import hob.linux.RootDir;
import hob.linux.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What /proc tells of a process, read when first asked for. When its first thread has ended, that
 * has nothing left, and all is asked of another one. One thread at a time.
 */
public final class ProcessFacts {
  private final int pid;
  private final int process;
  private final int reference;
  private final Set<Integer> tree;
  private ProcFs.@Nullable Stat stat;
  private @Nullable Map<String, String> status;
  private @Nullable List<MapsEntry> maps;
  private @Nullable List<FdFacts> descriptors;
  private @Nullable RootDir kept;

  /**
   * One descriptor.
   *
   * @param link what /proc/PID/fd/N points to
   * @param flags O_ bits as fdinfo shows them, O_CLOEXEC for the descriptor
   * @param process whose it is
   * @param info all of fdinfo
   * @param named whether the link is a name that leads to this very file
   */
  public record FdFacts(
      ProcessFacts process,
      int number,
      byte[] link,
      int flags,
      long position,
      String info,
      FileStat stat,
      boolean named) {
    /** {@code /proc/PID/fd/N}. */
    public String path() {
      return "/proc/" + process.pid + "/fd/" + number;
    }

    /** Of a socket, its protocol as the kernel names it (UNIX-STREAM, TCP, UDPv6); else empty. */
    public String protocol() {
      return target().startsWith("socket:[") ? Socket.protocol(path()) : "";
    }

    /** Whether the process, which may be running, still has the same file under this number. */
    boolean stillThere() {
      try {
        return Arrays.equals(link, Fd.readlinkBytes(path()));
      } catch (LinuxException e) {
        return false;
      }
    }

    /** The link as text. */
    public String target() {
      return new String(link, java.nio.charset.StandardCharsets.UTF_8);
    }
  }

  /**
   * Of the process with this pid in the reader's /proc.
   *
   * @param reference pid of a process with the namespaces that this one should have
   * @param tree pids in the reader's /proc of all processes that move together
   */
  public ProcessFacts(int pid, int reference, Collection<Integer> tree) {
    this(pid, pid, reference, tree);
  }

  /**
   * Asked of one of its threads.
   *
   * @param pid thread id of one that lives
   * @param process pid of its process
   */
  ProcessFacts(int pid, int process, int reference, Collection<Integer> tree) {
    this.pid = pid;
    this.process = process;
    this.reference = reference;
    this.tree = Set.copyOf(tree);
  }

  /** Compared with the reader itself. */
  public ProcessFacts(int pid) {
    this(pid, (int) ProcessHandle.current().pid(), Set.of(pid));
  }

  /** Pid of a process with the namespaces that this one should have. */
  public int reference() {
    return reference;
  }

  /** Asked of a thread that lives, if there is one. */
  static ProcessFacts ofLive(int process, int reference, Collection<Integer> tree) {
    ProcessFacts p = new ProcessFacts(process, reference, tree);
    if (p.stat().state() != 'Z') {
      return p;
    }
    int live = ProcFs.liveThread(process);
    return live == process ? p : new ProcessFacts(live, process, reference, tree);
  }

  /** The id that calls take which ask for what it has: its pid here, or that of a live thread. */
  public int pid() {
    return pid;
  }

  /** Its pid here. */
  public int process() {
    return process;
  }

  /** Whether its first thread has ended while others go on. */
  boolean leaderless() {
    return pid != process;
  }

  /** The stat file of its first thread, which may have ended. */
  ProcFs.Stat leaderStat() {
    return leaderless() ? ProcFs.stat("/proc/" + process + "/task/" + process + "/stat") : stat();
  }

  /** Whether a process that has this pid in the innermost pid namespace moves along. */
  boolean inTree(int nsPid) {
    return tree.stream().anyMatch(p -> NamespacePid.of(p) == nsPid);
  }

  /**
   * The root of its mount namespace: its own root directory unless it changed that, else the
   * reference's.
   */
  RootDir root() {
    RootDir k = kept;
    return k == null ? openRoot() : k.lent();
  }

  /** Has {@link #root} open it only once until this is closed. */
  KeptRoot keepRoot() {
    RootDir opened = openRoot();
    kept = opened;
    return () -> {
      kept = null;
      opened.close();
    };
  }

  /** See {@link #keepRoot}. */
  interface KeptRoot extends AutoCloseable {
    @Override
    void close();
  }

  private RootDir openRoot() {
    for (int p : new int[] {pid, reference}) {
      if (Fd.readlink("/proc/" + p + "/root").equals("/")) {
        return RootDir.of(p);
      }
    }
    return RootDir.own();
  }

  /** Whether {@code name} leads to this very file. */
  static boolean named(RootDir root, byte[] name, FileStat file) {
    try {
      return root.stat(name).sameAs(file);
    } catch (LinuxException e) {
      // ENOENT and its kin: nothing has the name.
      return false;
    }
  }

  /** Its pid in the innermost pid namespace. */
  public int nsPid() {
    return last(status().getOrDefault("NStgid", String.valueOf(process)));
  }

  static int last(String numbers) {
    String[] f = numbers.trim().split("\\s+");
    return Integer.parseInt(f[f.length - 1]);
  }

  public ProcFs.Stat stat() {
    if (stat == null) {
      stat = ProcFs.stat("/proc/" + pid + "/stat");
    }
    return stat;
  }

  public Map<String, String> status() {
    if (status == null) {
      status = ProcFs.status("/proc/" + pid + "/status");
    }
    return status;
  }

  /** Lines of its status file that somebody has just read. */
  void status(Map<String, String> read) {
    status = read;
  }

  /** Whether somebody traces it; this daemon does when it holds it in its exec. */
  boolean traced() {
    return !status().getOrDefault("TracerPid", "0").equals("0");
  }

  /** Mappings with VmFlags. */
  public List<MapsEntry> maps() {
    if (maps == null) {
      maps = ProcFs.maps(pid, true);
    }
    return maps;
  }

  public List<FdFacts> descriptors() {
    if (descriptors == null) {
      List<FdFacts> all = new ArrayList<>();
      try (RootDir root = root()) {
        for (int n : ProcFs.numbers("/proc/" + pid + "/fd")) {
          try {
            all.add(descriptor(n, root));
          } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
              throw e;
            }
          }
        }
      }
      descriptors = all;
    }
    return descriptors;
  }

  /** One of them. */
  FdFacts descriptor(int n) {
    try (RootDir root = root()) {
      return descriptor(n, root);
    }
  }

  private FdFacts descriptor(int n, RootDir root) {
    String info = ProcFs.text("/proc/" + pid + "/fdinfo/" + n);
    String path = "/proc/" + pid + "/fd/" + n;
    byte[] link = Fd.readlinkBytes(path);
    FileStat stat = FileStat.of(path);
    return new FdFacts(
        this,
        n,
        link,
        (int) Long.parseLong(field(info, "flags:"), 8),
        Long.parseLong(field(info, "pos:")),
        info,
        stat,
        link[0] == '/' && named(root, link, stat));
  }

  /** Value of a {@code key:} line of fdinfo. */
  static String field(String info, String key) {
    int at = info.indexOf(key);
    if (at < 0) {
      return "0";
    }
    int end = info.indexOf('\n', at);
    return info.substring(at + key.length(), end < 0 ? info.length() : end).trim();
  }
}
