package hob.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Readers of {@code /proc}, proc(5). Files there are read in one go with few system calls, since a
 * process may be standing frozen meanwhile. A process that is gone shows as a {@link
 * LinuxException} with ENOENT or ESRCH.
 */
public final class ProcFs {
  private static final ThreadLocal<MemorySegment> BUFFER =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(1 << 20, 64));

  private ProcFs() {}

  /** The whole file. */
  public static byte[] read(String path) {
    try (Fd fd = Fd.open(path, Fd.O_RDONLY)) {
      MemorySegment b = BUFFER.get();
      byte[] all = new byte[0];
      int length = 0;
      while (true) {
        // The kernel hands such a file out in pieces of a page, whatever room there is.
        long r = Sys.check(fd.read(b), "read", path);
        if (r == 0) {
          return length == all.length ? all : Arrays.copyOf(all, length);
        }
        if (length + r > all.length) {
          all = Arrays.copyOf(all, (int) Math.max(length + r, length == 0 ? 0 : 2L * length));
        }
        MemorySegment.copy(b, ValueLayout.JAVA_BYTE, 0, all, length, (int) r);
        length += (int) r;
      }
    }
  }

  /** The whole file as text; bytes become characters one by one. */
  public static String text(String path) {
    return new String(read(path), StandardCharsets.ISO_8859_1);
  }

  /** Writes a small control file. */
  public static void write(String path, String value) {
    try (Fd fd = Fd.open(path, Fd.O_WRONLY)) {
      fd.writeAll(value.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Numeric names in a directory such as {@code /proc} or {@code /proc/PID/task}, ascending. */
  public static int[] numbers(String directory) {
    try (Fd fd = Fd.open(directory, Fd.O_RDONLY | Fd.O_DIRECTORY)) {
      MemorySegment b = BUFFER.get();
      int[] found = new int[16];
      int n = 0;
      while (true) {
        long r =
            Sys.check(
                Sys.call(Nr.GETDENTS64, fd.number(), b.address(), b.byteSize()),
                "getdents64",
                directory);
        if (r == 0) {
          int[] all = Arrays.copyOf(found, n);
          Arrays.sort(all);
          return all;
        }
        for (long at = 0; at < r; at += b.get(Scratch.SHORT, at + 16) & 0xffff) {
          int value = number(b, at + 19);
          if (value >= 0) {
            if (n == found.length) {
              found = Arrays.copyOf(found, n * 2);
            }
            found[n++] = value;
          }
        }
      }
    }
  }

  private static int number(MemorySegment b, long at) {
    int value = 0;
    for (int i = 0; ; i++) {
      byte c = b.get(Scratch.BYTE, at + i);
      if (c == 0) {
        return i == 0 ? -1 : value;
      }
      if (c < '0' || c > '9') {
        return -1;
      }
      value = value * 10 + (c - '0');
    }
  }

  /**
   * Whether an error says that a process has ended and been reaped.
   *
   * @param e of a call about it, or about its files here
   */
  public static boolean saysGone(LinuxException e, int pid) {
    return e.errno() == Errno.ESRCH
        || (e.errno() == Errno.ENOENT && !Files.exists(Path.of("/proc/" + pid)));
  }

  /** Thread ids of a process, ascending. */
  public static int[] threads(int pid) {
    return numbers("/proc/" + pid + "/task");
  }

  /**
   * A thread by which {@code /proc} and other calls that take a thread id reach what its process
   * has: the first one, or another one when that has ended.
   *
   * @return {@code pid} too when all have ended
   */
  public static int liveThread(int pid) {
    if (stat("/proc/" + pid + "/stat").state() != 'Z') {
      return pid;
    }
    for (int tid : threads(pid)) {
      if (tid != pid && lives(pid, tid)) {
        return tid;
      }
    }
    return pid;
  }

  private static boolean lives(int pid, int tid) {
    try {
      char state = stat("/proc/" + pid + "/task/" + tid + "/stat").state();
      return state != 'Z' && state != 'X';
    } catch (LinuxException e) {
      // ENOENT, ESRCH: it has just gone.
      return false;
    }
  }

  /** Children of a process, zombies too, as {@code /proc/PID/task/TID/children} of its threads. */
  public static List<Integer> children(int pid) {
    List<Integer> all = new ArrayList<>();
    for (int tid : threads(pid)) {
      for (String child : text("/proc/" + pid + "/task/" + tid + "/children").split(" ")) {
        if (!child.isEmpty()) {
          all.add(Integer.parseInt(child));
        }
      }
    }
    return all;
  }

  /**
   * Fields of {@code /proc/PID/stat}; index as in proc_pid_stat(5), so 3 is the state; 0 is unused.
   *
   * @param path of the file, since threads have one too
   */
  public static Stat stat(String path) {
    String s = text(path);
    int close = s.lastIndexOf(')');
    String[] f = s.substring(close + 2).trim().split(" ");
    return new Stat(s.substring(s.indexOf('(') + 1, close), f);
  }

  /** One line of {@code /proc/PID/stat}. */
  public static final class Stat {
    private final String comm;
    private final String[] fields;

    private Stat(String comm, String[] fields) {
      this.comm = comm;
      this.fields = fields;
    }

    /** Name, at most 15 bytes. */
    public String comm() {
      return comm;
    }

    /** State letter. */
    public char state() {
      return fields[0].charAt(0);
    }

    /** Field by its number in the manual, from 4 on. */
    public long field(int number) {
      String s = fields[number - 3];
      return s.charAt(0) == '-' ? Long.parseLong(s) : Long.parseUnsignedLong(s);
    }

    public int ppid() {
      return (int) field(4);
    }

    public int pgid() {
      return (int) field(5);
    }

    public int sid() {
      return (int) field(6);
    }

    /** In clock ticks since boot. */
    public long startTime() {
      return field(22);
    }
  }

  /** {@code /proc/PID/status} by key. */
  public static Map<String, String> status(String path) {
    Map<String, String> m = new LinkedHashMap<>();
    for (String line : text(path).split("\n")) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        m.put(line.substring(0, colon), line.substring(colon + 1).trim());
      }
    }
    return m;
  }

  /** All processes by parent, from one walk over {@code /proc}. */
  public static Map<Integer, List<Integer>> children() {
    Map<Integer, List<Integer>> m = new LinkedHashMap<>();
    for (int pid : numbers("/proc")) {
      try {
        m.computeIfAbsent(stat("/proc/" + pid + "/stat").ppid(), k -> new ArrayList<>()).add(pid);
      } catch (LinuxException e) {
        if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
          throw e;
        }
      }
    }
    return m;
  }

  /** Mappings of {@code /proc/PID/maps}, or of {@code smaps} with their flags. Ascending. */
  public static List<MapsEntry> maps(int pid, boolean withFlags) {
    return MapsEntry.parse(read("/proc/" + pid + (withFlags ? "/smaps" : "/maps")));
  }
}
