package hob.home;

import hob.image.Vessel;
import hob.image.proto.ProcessOutline;
import hob.image.proto.TreeOutline;
import hob.linux.LinuxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The control groups that the processes of one session have at home, which each host that they are
 * on remembers for the next one, and those that they are in here. At home the shadows stay in their
 * groups, so that nothing is to be done when they come back. The session's tracer's thread.
 */
final class HomeGroups {
  private static final String BETWEEN = "\t";

  private final Map<Integer, List<String>> byPid = new HashMap<>();
  private @Nullable ForeignGroups rule;
  private Set<Path> used = Set.of();

  /** The outline of a tree that leaves, with its groups at home. */
  TreeOutline in(TreeOutline outline, boolean atHome) {
    TreeOutline.Builder b = outline.toBuilder();
    Map<Integer, List<String>> found = new HashMap<>();
    for (ProcessOutline.Builder p : b.getProcessesBuilderList()) {
      // One that was born abroad is where its parent is.
      List<String> groups =
          atHome
              ? read(p.getPid())
              : byPid.getOrDefault(p.getPid(), found.getOrDefault(p.getPpid(), List.of()));
      found.put(p.getPid(), groups);
      p.addAllGroups(groups);
    }
    return b.build();
  }

  private static List<String> read(int pid) {
    try {
      return ForeignGroups.atHome(pid);
    } catch (LinuxException e) {
      // ENOENT, ESRCH: it has just ended.
      return List.of();
    }
  }

  /**
   * Puts the processes of a tree that arrives where they belong here.
   *
   * @throws MoveRefusedException when that cannot be
   */
  void arrive(TreeOutline outline, Map<Integer, Vessel> vessels, ForeignGroups here)
      throws MoveRefusedException {
    outline.getProcessesList().forEach(p -> byPid.put(p.getPid(), p.getGroupsList()));
    rule = here;
    used = here.enter(outline, vessels);
  }

  /** All of them have left. */
  void leave() {
    ForeignGroups here = rule;
    if (here != null) {
      here.left(used);
    }
    used = Set.of();
    byPid.clear();
  }

  /** What the next daemon is to know; names with tabs and new lines are left out. */
  List<String> notes() {
    List<String> all = new ArrayList<>();
    byPid.forEach((pid, groups) -> {
      List<String> words = new ArrayList<>(List.of(String.valueOf(pid)));
      groups.stream().filter(g -> !g.contains(BETWEEN) && !g.contains("\n")).forEach(words::add);
      if (words.size() > 1) {
        all.add(String.join(BETWEEN, words));
      }
    });
    return all;
  }

  /** One of {@link #notes}. */
  void recall(String note) {
    List<String> words = Arrays.asList(note.split(BETWEEN));
    byPid.put(Integer.parseInt(words.getFirst()), List.copyOf(words.subList(1, words.size())));
  }
}
