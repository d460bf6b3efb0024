package hob.linux;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How much memory new processes of this one may take: what the machine has left, and what each of
 * its control groups with a limit has, of version 1 or 2 of cgroups(7). Any thread.
 */
public final class MemoryLeft {
  private static final String V2 = "0::";

  private MemoryLeft() {}

  /** Bytes; what can be dropped at once, such as cached files, counts as free. */
  public static long bytes() {
    long least = available();
    for (Path group : groups(ProcFs.text("/proc/self/cgroup"), ProcFs.text("/proc/self/mounts"))) {
      least = Math.min(least, left(group));
    }
    return Math.max(0, least);
  }

  private static long available() {
    for (String line : ProcFs.text("/proc/meminfo").split("\n")) {
      if (line.startsWith("MemAvailable:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    return Long.MAX_VALUE;
  }

  /** The directories of this process's memory groups and all above them. */
  static List<Path> groups(String memberships, String mounts) {
    List<Path> all = new ArrayList<>();
    for (String line : memberships.split("\n")) {
      String[] f = line.split(":", 3);
      boolean second = line.startsWith(V2);
      if (f.length == 3 && (second || List.of(f[1].split(",")).contains("memory"))) {
        for (String mount : mounts.split("\n")) {
          String[] m = mount.split(" ");
          if (m.length > 3
              && (second
                  ? m[2].equals("cgroup2")
                  : m[2].equals("cgroup") && List.of(m[3].split(",")).contains("memory"))) {
            addUpwards(Path.of(m[1]), Path.of(m[1] + f[2]), all);
            break;
          }
        }
      }
    }
    return all;
  }

  private static void addUpwards(Path mount, Path group, List<Path> all) {
    for (Path g = group.normalize(); g != null && g.startsWith(mount); g = g.getParent()) {
      all.add(g);
    }
  }

  private static long left(Path group) {
    boolean second = Files.exists(group.resolve("memory.current"));
    long limit = number(group.resolve(second ? "memory.max" : "memory.limit_in_bytes"));
    if (limit == Long.MAX_VALUE) {
      return limit;
    }
    long used = number(group.resolve(second ? "memory.current" : "memory.usage_in_bytes"));
    String cached = second ? "inactive_file " : "total_inactive_file ";
    long droppable = 0;
    for (String line : text(group.resolve("memory.stat")).split("\n")) {
      if (line.startsWith(cached)) {
        droppable = Long.parseLong(line.substring(cached.length()).strip());
      }
    }
    return limit - Math.max(0, used - droppable);
  }

  /** No limit when the file does not have one, or is not there: as in the root group. */
  private static long number(Path file) {
    String text = text(file).strip();
    return text.isEmpty() || text.equals("max") ? Long.MAX_VALUE : Long.parseLong(text);
  }

  private static String text(Path file) {
    try {
      return ProcFs.text(file.toString());
    } catch (LinuxException e) {
      if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR || e.errno() == Errno.ENODEV) {
        return "";
      }
      throw e;
    }
  }
}
