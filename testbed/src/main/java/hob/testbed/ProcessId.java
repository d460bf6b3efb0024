package hob.testbed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A process for ever: a pid is used again, a pid with its start time is not, on one boot.
 *
 * <p>Reads /proc through java.nio, since `hob testbed` would spend longer on linking native calls
 * than on its work.
 *
 * @param pid as the caller's pid namespace counts
 * @param startTime in clock ticks since boot, field 22 of proc_pid_stat(5)
 */
record ProcessId(long pid, long startTime) {
  private static final int STATE = 3;
  private static final int START_TIME = 22;

  /** The process that has this pid now; none when it is a zombie. */
  static Optional<ProcessId> of(long pid) {
    String stat;
    try {
      stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    } catch (IOException e) {
      return Optional.empty(); // ENOENT or ESRCH: gone
    }
    List<String> fields = List.of(stat.substring(stat.lastIndexOf(')') + 2).trim().split(" "));
    String state = fields.get(0);
    return state.equals("Z") || state.equals("X")
        ? Optional.empty()
        : Optional.of(new ProcessId(pid, Long.parseLong(fields.get(START_TIME - STATE))));
  }

  static ProcessId self() {
    return of(ProcessHandle.current().pid()).orElseThrow();
  }

  /** Reads what {@link #toString} writes. */
  static Optional<ProcessId> parse(String text) {
    List<String> words = List.of(text.strip().split(" "));
    try {
      return words.size() == 2
          ? Optional.of(new ProcessId(Long.parseLong(words.get(0)), Long.parseLong(words.get(1))))
          : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  boolean isRoot() {
    try {
      return Files.getAttribute(Path.of("/proc/" + pid), "unix:uid").equals(0);
    } catch (IOException e) {
      return false; // gone
    }
  }

  boolean alive() {
    return of(pid).equals(Optional.of(this));
  }

  /** SIGKILL, if it is still there. */
  void kill() {
    if (alive()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  @Override
  public String toString() {
    return pid + " " + startTime;
  }
}
