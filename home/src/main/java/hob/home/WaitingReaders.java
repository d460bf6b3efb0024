package hob.home;

import hob.image.NamespacePid;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which processes wait for input from a pipe or terminal: by the system call that they are in,
 * {@code /proc/PID/task/TID/syscall}. x86-64 numbers.
 */
final class WaitingReaders {
  /** A file, whoever has it open. */
  record File(long device, long inode) {
    static File of(FileStat s) {
      return new File(s.device(), s.inode());
    }
  }

  /**
   * Somebody waits.
   *
   * @param pid of the process in its own namespace, which is its home pid
   * @param bytes at most that many will be read; a process that polls takes what there is
   */
  record Want(int pid, int pgid, int bytes) {}

  private record Waiting(int fd, int bytes) {}

  private static final int MOST_POLLED = 1024;
  private static final int POLLIN = 1;
  private static final long TTY = 5L << 32;

  /** What a process that polls may be given of a terminal; of a pipe it is one byte. */
  private static final int LINE = 4096;

  private WaitingReaders() {}

  /**
   * Looks at all threads of {@code pids}.
   *
   * @param files what is asked about, and whether it is a terminal
   */
  static Map<File, Want> find(List<Integer> pids, Map<File, Boolean> files) {
    Map<File, Want> found = new HashMap<>();
    for (int pid : pids) {
      try {
        for (int tid : ProcFs.threads(pid)) {
          look(pid, tid, files, found);
        }
      } catch (LinuxException e) {
        // It ended meanwhile.
      }
    }
    return found;
  }

  private static void look(int pid, int tid, Map<File, Boolean> files, Map<File, Want> found) {
    String[] call = ProcFs.text("/proc/" + pid + "/task/" + tid + "/syscall").trim().split(" ");
    if (call.length < 7 || call[0].startsWith("-")) {
      return;
    }
    for (Waiting w : waiting(tid, Integer.parseInt(call[0]), call)) {
      FileStat s = FileStat.of("/proc/" + tid + "/fd/" + w.fd);
      File f = s.deviceNumber() == TTY ? onlyTerminal(files) : File.of(s);
      Boolean terminal = files.get(f);
      if (terminal != null) {
        int bytes = w.bytes > 0 ? w.bytes : terminal ? LINE : 1;
        String group = ProcFs.status("/proc/" + pid + "/status").getOrDefault("NSpgid", "0");
        int pgid = Integer.parseInt(group.substring(group.lastIndexOf('\t') + 1));
        found.putIfAbsent(f, new Want(NamespacePid.of(pid), pgid, bytes));
      }
    }
  }

  /** {@code /dev/tty} is the session's terminal, as far as it is one. */
  private static File onlyTerminal(Map<File, Boolean> files) {
    return files.entrySet().stream()
        .filter(Map.Entry::getValue)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(new File(0, 0));
  }

  private static List<Waiting> waiting(int pid, int nr, String[] call) {
    return switch (nr) {
      case Nr.READ, Nr.PREAD64 ->
          List.of(new Waiting((int) number(call[1]), Math.clamp(number(call[3]), 1, LINE)));
      case Nr.READV, Nr.PREADV2, Nr.SPLICE, Nr.TEE ->
          List.of(new Waiting((int) number(call[1]), 0));
      case Nr.POLL, Nr.PPOLL -> polled(pid, number(call[1]), (int) number(call[2]));
      case Nr.SELECT, Nr.PSELECT6 -> selected(pid, number(call[2]), (int) number(call[1]));
      case Nr.EPOLL_WAIT, Nr.EPOLL_PWAIT, Nr.EPOLL_PWAIT2 -> epolled(pid, (int) number(call[1]));
      default -> List.of();
    };
  }

  private static long number(String hex) {
    return Long.parseUnsignedLong(hex.substring(2), 16);
  }

  private static List<Waiting> polled(int pid, long address, int count) {
    List<Waiting> all = new ArrayList<>();
    if (address != 0 && count > 0) {
      int n = Math.min(count, MOST_POLLED);
      ByteBuffer b = little(ProcessMemory.read(pid, address, 8 * n));
      for (int i = 0; i < n; i++) {
        if (b.getInt(8 * i) >= 0 && (b.getShort(8 * i + 4) & POLLIN) != 0) {
          all.add(new Waiting(b.getInt(8 * i), 0));
        }
      }
    }
    return all;
  }

  private static List<Waiting> selected(int pid, long address, int count) {
    List<Waiting> all = new ArrayList<>();
    if (address != 0 && count > 0) {
      int n = Math.min(count, MOST_POLLED);
      ByteBuffer b = little(ProcessMemory.read(pid, address, 8 * ((n + 63) / 64)));
      for (int i = 0; i < n; i++) {
        if ((b.getLong(i / 64 * 8) >>> (i % 64) & 1) != 0) {
          all.add(new Waiting(i, 0));
        }
      }
    }
    return all;
  }

  private static List<Waiting> epolled(int pid, int epoll) {
    List<Waiting> all = new ArrayList<>();
    for (String line : ProcFs.text("/proc/" + pid + "/fdinfo/" + epoll).split("\n")) {
      if (line.startsWith("tfd:")) {
        String[] f = line.substring(4).trim().split("\\s+");
        if ((Long.parseLong(f[2], 16) & POLLIN) != 0) {
          all.add(new Waiting(Integer.parseInt(f[0]), 0));
        }
      }
    }
    return all;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Whether any process of this host has the read end of this pipe, or a terminal, open, besides
   * this daemon.
   */
  static boolean read(FileStat pipe, Set<Integer> besides) {
    for (int pid : ProcFs.numbers("/proc")) {
      if (besides.contains(pid)) {
        continue;
      }
      try {
        for (int fd : ProcFs.numbers("/proc/" + pid + "/fd")) {
          if (reads(pid, fd, pipe)) {
            return true;
          }
        }
      } catch (LinuxException e) {
        // It ended meanwhile, or is none of this user's.
      }
    }
    return false;
  }

  private static boolean reads(int pid, int fd, FileStat pipe) {
    String path = "/proc/" + pid + "/fd/" + fd;
    // The link tells without touching the file, which may be on a file system that hangs.
    if (!hob.linux.Fd.readlink(path).equals("pipe:[" + pipe.inode() + "]")) {
      return false;
    }
    return mayRead(path);
  }

  /**
   * Whether a description is open for reading.
   *
   * @param path {@code /proc/PID/fd/N}
   */
  static boolean mayRead(String path) {
    String info = ProcFs.text(path.replace("/fd/", "/fdinfo/"));
    int at = info.indexOf("flags:") + 6;
    return (Long.parseLong(info.substring(at, info.indexOf('\n', at)).trim(), 8) & 3)
        != hob.linux.Fd.O_WRONLY;
  }
}
