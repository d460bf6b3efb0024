package hob.image;

import hob.linux.Errno;
import hob.linux.Kcmp;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which of some tasks have one memory, one table of descriptors, or one working directory, root and
 * umask: what clone(2) shares by CLONE_VM, CLONE_FILES and CLONE_FS, by kcmp(2). One thread at a
 * time; a task that has ended shares nothing.
 */
public final class SharedTables {
  private final int kind;
  private final Map<Integer, Integer> first = new LinkedHashMap<>();

  /** Any order will do that puts what is the same together. */
  private final TreeMap<Integer, Integer> seen = new TreeMap<>(this::compare);

  /**
   * Of one kind.
   *
   * @param kind {@link Kcmp#VM}, {@link Kcmp#FILES} or {@link Kcmp#FS}
   * @param tasks host pids or tids
   */
  SharedTables(int kind, Collection<Integer> tasks) {
    this.kind = kind;
    for (int task : tasks) {
      Integer other = find(task);
      if (other == null) {
        add(task);
      } else {
        first.put(task, other);
      }
    }
  }

  private int compare(int a, int b) {
    return a == b ? 0 : Kcmp.compare(a, b, kind, 0, 0);
  }

  private void add(int task) {
    try {
      seen.put(task, task);
      first.put(task, task);
    } catch (LinuxException e) {
      gone(e);
    }
  }

  /** The first of them that has the same as another task; null when none has. */
  @Nullable Integer find(int task) {
    try {
      Integer other = seen.isEmpty() ? null : seen.get(task);
      return other != null && has(kind, task) ? other : null;
    } catch (LinuxException e) {
      gone(e);
      return null;
    }
  }

  /** Whether it has one at all: those of two tasks that have ended are equal, being NULL. */
  private static boolean has(int kind, int task) {
    Map<String, String> status = ProcFs.status("/proc/" + task + "/status");
    return switch (kind) {
      case Kcmp.VM -> status.containsKey("VmSize");
      case Kcmp.FS -> status.containsKey("Umask");
      default -> !status.getOrDefault("FDSize", "0").strip().equals("0");
    };
  }

  private static void gone(LinuxException e) {
    // EPERM, EACCES: of a stranger who may not be looked into.
    if (e.errno() != Errno.ESRCH
        && e.errno() != Errno.ENOENT
        && e.errno() != Errno.EPERM
        && e.errno() != Errno.EACCES) {
      throw e;
    }
  }

  /** Each by the first one of those that have the same as it, which may be itself. */
  Map<Integer, Integer> first() {
    return first;
  }

  /**
   * Of those that have the same as another one: the last of these, which may be itself.
   *
   * @param kind as for the constructor
   * @param pids host pids
   */
  public static Map<Integer, Integer> groups(int kind, Collection<Integer> pids) {
    if (pids.size() < 2) {
      return Map.of();
    }
    Map<Integer, Integer> first = new SharedTables(kind, pids).first;
    Map<Integer, Integer> last = new HashMap<>();
    first.forEach((pid, f) -> last.put(f, pid));
    Map<Integer, Integer> groups = new HashMap<>();
    first.forEach((pid, f) -> {
      int l = last.getOrDefault(f, f);
      if (l != f) {
        groups.put(pid, l);
      }
    });
    return groups;
  }

  /** Whether two tasks have the same. */
  static boolean same(int kind, int a, int b) {
    try {
      return Kcmp.compare(a, b, kind, 0, 0) == 0 && has(kind, a);
    } catch (LinuxException e) {
      gone(e);
      return false;
    }
  }
}
