package hob.daemon.exec;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;
import hob.linux.SeccompListener.Notification;
import hob.policy.Command;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What an exec that is held up is about, read from its caller's memory.
 *
 * @param notification names the call
 * @param command what the rules judge
 */
record ExecCall(Notification notification, Command command) {
  private static final int PAGE = 4096;
  private static final int PATH_MAX = 4096;
  private static final int FIRST_LINE = 256;
  private static final int MOST_WORDS = 12;
  private static final int SETUID_OR_SETGID = 06000;
  private static final int EXECUTABLE = 0111;

  /**
   * Reads it.
   *
   * @return empty when the call is bound to fail (as for each directory of PATH but one), or is
   *     made in a way that hob leaves alone
   * @throws LinuxException when the caller is gone
   */
  static Optional<ExecCall> of(Notification n) {
    boolean at = n.nr() == Nr.EXECVEAT;
    String path = string(n.tid(), n.arguments()[at ? 1 : 0], PATH_MAX);
    if (path.isEmpty() || at && !path.startsWith("/") && (int) n.arguments()[0] != Fd.AT_FDCWD) {
      return Optional.empty();
    }
    String process = "/proc/" + n.tid();
    String name = path.startsWith("/") ? process + "/root" + path : process + "/cwd/" + path;
    FileStat file;
    try {
      file = FileStat.of(name);
    } catch (LinuxException e) {
      if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR || e.errno() == Errno.EACCES) {
        return Optional.empty();
      }
      throw e;
    }
    if (!file.isRegular() || (file.mode() & EXECUTABLE) == 0) {
      return Optional.empty();
    }
    Command.Starter starter =
        new Command.Starter(Fd.readlink(process + "/exe"), ProcFs.text(process + "/comm").strip());
    return Optional.of(
        new ExecCall(
            n,
            new Command(path, interpreter(name), starter, (file.mode() & SETUID_OR_SETGID) != 0)));
  }

  /** What follows {@code #!}, or what env(1) is to look for there; empty when that is not there. */
  private static String interpreter(String file) {
    try (Fd fd = Fd.open(file, Fd.O_RDONLY | Fd.O_NONBLOCK)) {
      String start = new String(fd.readSome(FIRST_LINE), StandardCharsets.UTF_8);
      if (!start.startsWith("#!")) {
        return "";
      }
      String[] words = start.substring(2).lines().findFirst().orElse("").strip().split("\\s+", -1);
      int last = words.length - 1;
      return words[0].endsWith("/env") && last > 0 ? words[last] : words[0];
    }
  }

  int pid() {
    return notification.tid();
  }

  /** The command line, shortened. */
  String words() {
    List<String> words = new ArrayList<>();
    long vector = notification.arguments()[notification.nr() == Nr.EXECVEAT ? 2 : 1];
    try {
      for (int i = 0; i < MOST_WORDS; i++) {
        long word = ProcessMemory.readLong(pid(), vector + 8L * i);
        if (word == 0) {
          return String.join(" ", words);
        }
        words.add(string(pid(), word, 64));
      }
    } catch (LinuxException _) {
      return String.join(" ", words);
    }
    return String.join(" ", words) + " ...";
  }

  /**
   * A string of a process, up to {@code most} bytes; pages are read one by one, as it may end any.
   */
  private static String string(int pid, long address, int most) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (long from = address; out.size() < most; ) {
      int length = (int) Math.min(PAGE - from % PAGE, most - out.size());
      byte[] part = ProcessMemory.read(pid, from, length);
      for (int i = 0; i < length; i++) {
        if (part[i] == 0) {
          out.write(part, 0, i);
          return out.toString(StandardCharsets.UTF_8);
        }
      }
      out.write(part, 0, length);
      from += length;
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
