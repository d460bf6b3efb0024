package hob.image;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.MapsEntry;
import hob.linux.ProcFs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What /proc tells of a process, read when first asked for. One thread at a time. */
public final class ProcessFacts {
  private final int pid;
  private final int reference;
  private ProcFs.@Nullable Stat stat;
  private @Nullable Map<String, String> status;
  private @Nullable List<MapsEntry> maps;
  private @Nullable List<FdFacts> descriptors;

  /**
   * One descriptor.
   *
   * @param link what /proc/PID/fd/N points to
   * @param flags O_ bits as fdinfo shows them, O_CLOEXEC for the descriptor
   * @param info all of fdinfo
   */
  public record FdFacts(
      int number, byte[] link, int flags, long position, String info, FileStat stat) {
    /** The link as text. */
    public String target() {
      return new String(link, java.nio.charset.StandardCharsets.UTF_8);
    }
  }

  /**
   * Of the process with this pid in the reader's /proc.
   *
   * @param reference pid of a process with the namespaces that this one should have
   */
  public ProcessFacts(int pid, int reference) {
    this.pid = pid;
    this.reference = reference;
  }

  /** Compared with the reader itself. */
  public ProcessFacts(int pid) {
    this(pid, (int) ProcessHandle.current().pid());
  }

  /** Pid of a process with the namespaces that this one should have. */
  public int reference() {
    return reference;
  }

  /** Its pid here. */
  public int pid() {
    return pid;
  }

  /** Its pid in the innermost pid namespace. */
  public int nsPid() {
    return last(status().getOrDefault("NSpid", String.valueOf(pid)));
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
      for (int n : ProcFs.numbers("/proc/" + pid + "/fd")) {
        try {
          all.add(descriptor(n));
        } catch (LinuxException e) {
          if (e.errno() != Errno.ENOENT) {
            throw e;
          }
        }
      }
      descriptors = all;
    }
    return descriptors;
  }

  private FdFacts descriptor(int n) {
    String info = ProcFs.text("/proc/" + pid + "/fdinfo/" + n);
    String path = "/proc/" + pid + "/fd/" + n;
    return new FdFacts(
        n,
        Fd.readlinkBytes(path),
        (int) Long.parseLong(field(info, "flags:"), 8),
        Long.parseLong(field(info, "pos:")),
        info,
        FileStat.of(path));
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
