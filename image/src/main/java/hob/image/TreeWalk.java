package hob.image;

import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A process and its descendants, found again and again: the first walk reads every process of
 * /proc, later ones only those that were not there before, since a tree may be standing frozen
 * meanwhile. One thread at a time.
 */
public final class TreeWalk implements Supplier<List<Integer>> {
  private final int root;
  private final Set<Integer> without;
  private final Map<Integer, List<Integer>> children = new HashMap<>();
  private final Set<Integer> seen = new HashSet<>();

  /** Below and with {@code root}. */
  public TreeWalk(int root) {
    this(root, Set.of());
  }

  /** Below {@code root}, leaving out some of the pids but not their descendants. */
  public TreeWalk(int root, Set<Integer> without) {
    this.root = root;
    this.without = Set.copyOf(without);
  }

  /** Pids of this /proc, parents before children. Some may have ended. */
  @Override
  public List<Integer> get() {
    for (int pid : ProcFs.numbers("/proc")) {
      if (seen.add(pid)) {
        note(pid);
      }
    }
    List<Integer> all = new ArrayList<>(List.of(root));
    for (int i = 0; i < all.size(); i++) {
      all.addAll(children.getOrDefault(all.get(i), List.of()));
    }
    all.removeAll(without);
    return all;
  }

  private void note(int pid) {
    try {
      int parent = ProcFs.stat("/proc/" + pid + "/stat").ppid();
      children.computeIfAbsent(parent, k -> new ArrayList<>()).add(pid);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }
}
