package hob.home;

import java.util.ArrayList;
import java.util.List;

/**
 * Which of a stream's real descriptions the tree has abroad. The kernel does not let a description
 * be marked, and a pipe's must not be kept open: so they are told apart by their access, in the
 * order in which they were opened.
 */
final class Descriptions {
  private record One(int number, int access) {}

  private final List<One> all = new ArrayList<>();
  private final List<One> left = new ArrayList<>();

  void add(int number, int access) {
    all.add(new One(number, access));
    left.add(all.getLast());
  }

  /** The next with this access; 0: one that was opened here. */
  int claim(int access) {
    for (One d : left) {
      if (d.access == access) {
        left.remove(d);
        return d.number;
      }
    }
    return 0;
  }

  /** A new capture begins. */
  void reset() {
    left.clear();
    left.addAll(all);
  }
}
