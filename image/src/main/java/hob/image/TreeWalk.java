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
 * meanwhile. Orphans are found by their session, when it is led by a process of the tree: only
 * descendants of that one can be in it. One thread at a time.
 */
public final class TreeWalk implements Supplier<List<Integer>> {
  private final int root;
  private final Set<Integer> without;
  private final Map<Integer, List<Integer>> children = new HashMap<>();
  private final Map<Integer, List<Integer>> followers = new HashMap<>();
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
    List<Integer> all = new ArrayList<>();
    Set<Integer> found = new HashSet<>();
    add(root, all, found);
    for (int i = 0; i < all.size(); i++) {
      for (int orphan : followers.getOrDefault(all.get(i), List.of())) {
        add(orphan, all, found);
      }
    }
    all.removeAll(without);
    return all;
  }

  private void add(int pid, List<Integer> all, Set<Integer> found) {
    int from = all.size();
    if (found.add(pid)) {
      all.add(pid);
    }
    for (int i = from; i < all.size(); i++) {
      for (int child : children.getOrDefault(all.get(i), List.of())) {
        if (found.add(child)) {
          all.add(child);
        }
      }
    }
  }

  private void note(int pid) {
    try {
      ProcFs.Stat stat = ProcFs.stat("/proc/" + pid + "/stat");
      children.computeIfAbsent(stat.ppid(), k -> new ArrayList<>()).add(pid);
      if (stat.sid() != pid) {
        followers.computeIfAbsent(stat.sid(), k -> new ArrayList<>()).add(pid);
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }
}
