package hob.files.home;

import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.Sys;
import java.util.ArrayDeque;

/**
 * Bounds the descriptors that are kept for nodes, by second chance: who was not used since the hand
 * last came by loses them. They are opened again by handle. Any thread.
 */
final class DescriptorCache {
  private final int budget;
  // Guarded by this.
  private final ArrayDeque<Node> clock = new ArrayDeque<>();
  private int open;
  private int dropped;

  /** With half of the descriptors that this process may have. */
  DescriptorCache() {
    this(limit() / 2);
  }

  DescriptorCache(int budget) {
    this.budget = budget;
  }

  private static int limit() {
    for (String line : ProcFs.text("/proc/self/limits").split("\n")) {
      if (line.startsWith("Max open files")) {
        String[] words = line.split(" +");
        return words[3].equals("unlimited") ? 1 << 20 : Integer.parseInt(words[3]);
      }
    }
    return 1024;
  }

  /** A descriptor was opened for {@code node}, whose monitor the caller does not hold. */
  synchronized void opened(Node node) {
    open++;
    if (!node.cached) {
      node.cached = true;
      clock.add(node);
    }
    for (int tries = 2 * clock.size(); open > budget && tries > 0; tries--) {
      evict(clock.remove());
    }
  }

  private void evict(Node node) {
    if (node.dropped) {
      dropped--;
      return;
    }
    synchronized (node) {
      if (node.users > 0 || node.pinned || node.recent || node.behind.get() > 0) {
        node.recent = false;
        clock.add(node);
        return;
      }
      open -= close(node);
      node.cached = false;
    }
  }

  /** A node is of no use any more. */
  synchronized void drop(Node node) {
    synchronized (node) {
      node.pinned = false;
      open -= close(node);
    }
    // Taking it out of the middle would cost a search; the hand will find it.
    if (node.cached && !node.dropped) {
      node.dropped = true;
      dropped++;
    }
    if (dropped > 1000 && dropped > clock.size() / 2) {
      clock.removeIf(n -> n.dropped);
      dropped = 0;
    }
  }

  /** Closes the descriptor for writing, so that the file can be executed. */
  synchronized void closeWriter(Node node) {
    synchronized (node) {
      if (node.writeFd >= 0 && node.users == 0 && node.behind.get() == 0) {
        Sys.call(Nr.CLOSE, node.writeFd);
        node.writeFd = Node.NONE;
        open--;
      }
    }
  }

  /** Closes all of a node's; returns how many. */
  private static int close(Node node) {
    int n = 0;
    for (int fd : new int[] {node.pathFd, node.readFd, node.writeFd}) {
      if (fd >= 0) {
        Sys.call(Nr.CLOSE, fd);
        n++;
      }
    }
    node.pathFd = Node.NONE;
    node.readFd = Node.NONE;
    node.writeFd = Node.NONE;
    return n;
  }
}
