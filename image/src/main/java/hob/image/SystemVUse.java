package hob.image;

import hob.linux.IpcNamespace;
import hob.linux.LinuxException;
import hob.linux.MapsEntry;
import hob.linux.ProcFs;
import hob.linux.SystemV;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which System V objects are a tree's. In a sandbox all are. At home, where all processes share one
 * namespace, they are those that it has attached, made, or was the last to use; when others who
 * live use them too, the tree cannot move.
 */
public final class SystemVUse {
  /** All memory without a name of its own in a file system has this device. */
  private static final String DEVICE = "00:01";

  private static final Pattern SEGMENT = Pattern.compile("/SYSV[0-9a-f]{8} \\(deleted\\)");
  private static final int TICKS = 100;

  private final Set<Integer> pids = new HashSet<>();
  private final Map<Integer, Integer> attached = new HashMap<>();
  private final int root;
  private final List<Refusal> refusals = new ArrayList<>();
  private final List<SystemV.Entry> found = new ArrayList<>();

  private SystemVUse(List<ProcessFacts> tree) {
    root = tree.getFirst().process();
    for (ProcessFacts p : tree) {
      pids.add(p.process());
      for (MapsEntry e : p.maps()) {
        if (isSegment(e)) {
          attached.merge((int) e.inode(), 1, Integer::sum);
        }
      }
    }
  }

  /** Whether a mapping is of attached System V shared memory; its inode number is the id. */
  static boolean isSegment(MapsEntry e) {
    return e.shared()
        && e.path().startsWith("/SYSV")
        && e.device().equals(DEVICE)
        && SEGMENT.matcher(e.path()).matches();
  }

  /**
   * Whether processes that run may use any, as far as can be seen without their memory maps.
   *
   * @param tree pids here
   */
  public static boolean any(List<Integer> tree) {
    if (tree.isEmpty()) {
      return false;
    }
    try {
      if (!IpcNamespace.isOwn(tree.getFirst())) {
        return IpcNamespace.in(tree.getFirst(), () -> !all().isEmpty());
      }
    } catch (LinuxException e) {
      // ENOENT: it has just ended.
      return false;
    }
    Set<Integer> pids = Set.copyOf(tree);
    return all().stream().anyMatch(e -> users(e).stream().anyMatch(pids::contains));
  }

  /** Adds why a tree that runs cannot move. */
  static void check(List<ProcessFacts> tree, List<Refusal> out) {
    try {
      SystemVUse use = new SystemVUse(tree);
      if (IpcNamespace.isOwn(use.root)) {
        use.atHome();
        out.addAll(use.refusals);
      }
    } catch (LinuxException e) {
      // ENOENT, ESRCH, EIDRM: a process has ended or an object is gone; whoever asks looks again.
    }
  }

  /** Those of a tree that stands still; in its namespace. */
  static List<SystemV.Entry> of(List<ProcessFacts> tree, boolean home) {
    SystemVUse use = new SystemVUse(tree);
    if (!home) {
      return all();
    }
    use.atHome();
    if (!use.refusals.isEmpty()) {
      throw new Collection.Refused(use.refusals.getFirst());
    }
    return use.found;
  }

  /** All objects of the namespace of a process. */
  public static Set<SystemV.Id> there(int pid) {
    return IpcNamespace.in(
        pid,
        () ->
            all().stream().map(e -> new SystemV.Id(e.kind(), e.id())).collect(Collectors.toSet()));
  }

  private static List<SystemV.Entry> all() {
    List<SystemV.Entry> all = new ArrayList<>();
    for (SystemV.Kind kind : SystemV.Kind.values()) {
      all.addAll(SystemV.all(kind));
    }
    return all;
  }

  private void atHome() {
    for (SystemV.Entry e : all()) {
      int mine = attached.getOrDefault(e.id(), 0);
      if (e.kind() == SystemV.Kind.SHM) {
        if (mine > 0 || (pids.contains(e.first()) && isOf(e.first(), e))) {
          found.add(e);
          if (e.attached() > mine) {
            refuse("has System V shared memory " + e.id() + " that others have attached too");
          }
        }
        continue;
      }
      Set<Integer> users = users(e);
      if (users.stream().anyMatch(pid -> pids.contains(pid) && isOf(pid, e))) {
        found.add(e);
        users.stream()
            .filter(pid -> !pids.contains(pid) && ProcessHandle.of(pid).isPresent())
            .findFirst()
            .ifPresent(pid ->
                refuse(
                    "uses System V "
                        + (e.kind() == SystemV.Kind.SEM ? "semaphores " : "message queue ")
                        + e.id()
                        + ", as does process "
                        + pid
                        + ", which stays"));
      }
    }
  }

  private void refuse(String sentence) {
    refusals.add(new Refusal(root, "sysv-ipc", sentence));
  }

  /** Pids that the kernel remembers with an object; some may have ended long ago. */
  private static Set<Integer> users(SystemV.Entry e) {
    Set<Integer> users = new HashSet<>();
    if (e.kind() == SystemV.Kind.SEM) {
      for (int i = 0; i < e.size(); i++) {
        users.add(SystemV.changedBy(e.id(), i));
      }
    } else {
      users.add(e.first());
      if (e.kind() == SystemV.Kind.MSG) {
        users.add(e.last());
      }
    }
    users.remove(0);
    return users;
  }

  /** Not of an earlier process with the same pid. */
  private static boolean isOf(int pid, SystemV.Entry e) {
    double up = Double.parseDouble(ProcFs.text("/proc/uptime").split(" ")[0]);
    double age = up - (double) ProcFs.stat("/proc/" + pid + "/stat").startTime() / TICKS;
    return e.changed() >= System.currentTimeMillis() / 1000.0 - age - 2;
  }
}
