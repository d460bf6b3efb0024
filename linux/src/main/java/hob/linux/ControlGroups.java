package hob.linux;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code cgroups(7)}: which groups a process is in, and where the hierarchies are. A hierarchy of
 * version 1 goes by the name of each of its controllers, or by its own name ({@code systemd}); that
 * of version 2 is {@value #UNIFIED}. Any thread.
 */
public final class ControlGroups {
  /** The hierarchy of version 2. */
  public static final String UNIFIED = "unified";

  private static final String NAMED = "name=";

  private ControlGroups() {}

  /** Paths of the groups of a process by hierarchy, as this process sees them. */
  public static Map<String, String> of(int pid) {
    Map<String, String> all = new LinkedHashMap<>();
    for (String line : ProcFs.text("/proc/" + pid + "/cgroup").split("\n")) {
      String[] f = line.split(":", 3);
      if (f.length == 3) {
        for (String controller : f[1].split(",")) {
          all.put(name(controller), f[2]);
        }
      }
    }
    return all;
  }

  private static String name(String controller) {
    return controller.isEmpty()
        ? UNIFIED
        : controller.startsWith(NAMED) ? controller.substring(NAMED.length()) : controller;
  }

  /** Directories of the hierarchies that are mounted. */
  public static Map<String, Path> mounts() {
    Map<String, Path> all = new LinkedHashMap<>();
    for (String mount : ProcFs.text("/proc/self/mounts").split("\n")) {
      String[] m = mount.split(" ");
      if (m.length > 3 && m[2].equals("cgroup2")) {
        all.putIfAbsent(UNIFIED, Path.of(m[1]));
      } else if (m.length > 3 && m[2].equals("cgroup")) {
        for (String option : m[3].split(",")) {
          all.putIfAbsent(name(option), Path.of(m[1]));
        }
      }
    }
    return all;
  }

  /**
   * Puts a process, with all its threads, into a group.
   *
   * @throws LinuxException as the kernel refuses it: ENOSPC for a {@code cpuset} without processors
   *     or memory, EBUSY for a group of version 2 that has controllers for others below it
   */
  public static void enter(Path group, int pid) {
    ProcFs.write(group.resolve("cgroup.procs").toString(), String.valueOf(pid));
  }
}
