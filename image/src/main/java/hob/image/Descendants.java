package hob.image;

import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Who descends from a process now, by {@code /proc/PID/task/TID/children}: costs what the tree has,
 * not what the host has. May miss one while the tree changes; {@link TreeWalk} does not.
 */
public final class Descendants {
  private static final boolean LISTED = Files.exists(Path.of("/proc/thread-self/children"));

  private Descendants() {}

  /** Pids of this /proc below {@code root}, parents before children. */
  public static List<Integer> of(int root) {
    if (!LISTED) {
      return new TreeWalk(root, Set.of(root)).get();
    }
    List<Integer> all = new ArrayList<>(List.of(root));
    for (int i = 0; i < all.size(); i++) {
      addChildren(all.get(i), all);
    }
    return all.subList(1, all.size());
  }

  private static void addChildren(int pid, List<Integer> to) {
    try {
      for (int tid : ProcFs.threads(pid)) {
        for (String child : ProcFs.text("/proc/" + pid + "/task/" + tid + "/children").split(" ")) {
          if (!child.isEmpty()) {
            to.add(Integer.parseInt(child));
          }
        }
      }
    } catch (LinuxException e) {
      // ENOENT, ESRCH: it ended meanwhile.
    }
  }
}
