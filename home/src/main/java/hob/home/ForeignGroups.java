package hob.home;

import hob.image.Refusal;
import hob.image.Vessel;
import hob.image.proto.ProcessOutline;
import hob.image.proto.TreeOutline;
import hob.linux.ControlGroups;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The rule that says in which control groups of this host the processes of other homes run: below a
 * directory of each hierarchy that it names, each where it is at home. What the rule does not name,
 * they have in common with this daemon. Any thread.
 */
public final class ForeignGroups {
  private static final System.Logger LOG = System.getLogger(ForeignGroups.class.getName());

  /** What a new cpuset has none of; nobody may enter it then. */
  private static final List<String> CPUSET = List.of("cpuset.cpus", "cpuset.mems");

  private final Map<String, String> directories;
  private final Set<Path> made = ConcurrentHashMap.newKeySet();

  /**
   * A rule.
   *
   * @param directories path from the root of a hierarchy, by the name that {@link ControlGroups}
   *     has for it
   */
  public ForeignGroups(Map<String, String> directories) {
    this.directories = Map.copyOf(directories);
  }

  /** The groups of a process that is at home, as an outline tells of them. */
  static List<String> atHome(int pid) {
    List<String> all = new ArrayList<>();
    ControlGroups.of(pid)
        .forEach((hierarchy, path) -> {
          if (!path.equals("/")) {
            all.add(hierarchy + ":" + path);
          }
        });
    return all;
  }

  /**
   * Puts the processes of a tree that arrives where they belong.
   *
   * @param vessels that stand for them, by pid
   * @return all groups that they are in, for {@link #left}
   * @throws MoveRefusedException when the kernel does not take one
   */
  Set<Path> enter(TreeOutline outline, Map<Integer, Vessel> vessels) throws MoveRefusedException {
    Set<Path> used = new LinkedHashSet<>();
    Map<String, Path> mounts = directories.isEmpty() ? Map.of() : ControlGroups.mounts();
    for (var rule : directories.entrySet()) {
      Path mount = mounts.get(rule.getKey());
      if (mount == null) {
        throw refused(0, "has no control groups of " + rule.getKey() + ", which its rule names");
      }
      for (ProcessOutline p : outline.getProcessesList()) {
        Vessel v = vessels.get(p.getPid());
        Path group = below(mount, rule.getValue() + pathOf(p, rule.getKey()));
        if (v != null && group != null) {
          used.add(group);
          enter(mount, group, p.getPid(), v);
        }
      }
    }
    return used;
  }

  private static MoveRefusedException refused(int pid, String sentence) {
    return new MoveRefusedException(
        List.of(new Refusal(pid, "control-group", "the target " + sentence)));
  }

  private static String pathOf(ProcessOutline p, String hierarchy) {
    return p.getGroupsList().stream()
        .filter(g -> g.startsWith(hierarchy + ":"))
        .map(g -> g.substring(hierarchy.length() + 1))
        .findFirst()
        .orElse("/");
  }

  /** A path that another host has sent leads nowhere else. */
  private static @Nullable Path below(Path mount, String path) {
    Path group = Path.of(mount + "/" + path).normalize();
    return group.startsWith(mount) && !path.contains("/../") && !path.endsWith("/..")
        ? group
        : null;
  }

  private void enter(Path mount, Path group, int pid, Vessel vessel) throws MoveRefusedException {
    try {
      make(mount, group);
      ControlGroups.enter(group, vessel.pid());
    } catch (LinuxException e) {
      throw refused(pid, "cannot put it into the control group " + group + ": " + e.errno());
    } catch (IOException e) {
      throw refused(pid, "cannot make the control group " + group + ": " + e.getMessage());
    }
  }

  private void make(Path mount, Path group) throws IOException {
    if (group.equals(mount) || Files.isDirectory(group)) {
      return;
    }
    Path above = Objects.requireNonNull(group.getParent(), "it is below the mount");
    make(mount, above);
    Files.createDirectory(group);
    made.add(group);
    for (String file : CPUSET) {
      Path own = group.resolve(file);
      if (Files.exists(own) && ProcFs.text(own.toString()).isBlank()) {
        ProcFs.write(own.toString(), ProcFs.text(above.resolve(file).toString()).strip());
      }
    }
  }

  /** Nothing of a tree is in these groups any more: those that were made for it go. */
  void left(Set<Path> used) {
    for (Path group : used) {
      for (Path g = group; g != null && made.contains(g); g = g.getParent()) {
        if (!remove(g)) {
          break;
        }
      }
    }
  }

  private boolean remove(Path group) {
    try {
      Files.deleteIfExists(group);
      made.remove(group);
      return true;
    } catch (IOException e) {
      // EBUSY: others are in it, and take it away.
      LOG.log(System.Logger.Level.DEBUG, "{0} stays: {1}", group, e.getMessage());
      return false;
    }
  }
}
