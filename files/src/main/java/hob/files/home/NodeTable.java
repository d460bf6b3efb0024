package hob.files.home;

import hob.linux.fanotify.FileId;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A guest's files by number and by identity. Any thread. */
final class NodeTable {
  private record Key(long mount, FileId file) {}

  private final Map<Long, Node> byId = new ConcurrentHashMap<>();
  // Guarded by this.
  private final Map<Key, Node> byFile = new HashMap<>();
  private long next = 1;

  /** The file with a number; null when the guest was never told of it, or forgot it. */
  @Nullable Node get(long id) {
    return byId.get(id);
  }

  /** A file that was just found: the same node as before, or a new one. Counts one look-up. */
  synchronized Node found(Guest guest, Mount mount, FileId file, int type, long flags) {
    Key key = new Key(mount.id(), file);
    Node node = byFile.get(key);
    if (node == null) {
      // The root is 1 in the protocol.
      node = new Node(next == 1 ? next : next | flags, guest, mount, file, type);
      next++;
      byFile.put(key, node);
      byId.put(node.id, node);
    }
    node.lookups++;
    return node;
  }

  /** Takes back look-ups; returns the node if it was the last, for its descriptors to be closed. */
  synchronized @Nullable Node forget(long id, long lookups) {
    Node node = byId.get(id);
    if (node == null || node.lookups == Long.MAX_VALUE) {
      return null;
    }
    node.lookups -= lookups;
    if (node.lookups > 0) {
      return null;
    }
    byId.remove(id);
    byFile.remove(new Key(node.mount.id(), node.file));
    return node;
  }

  Collection<Node> all() {
    return byId.values();
  }

  /** Forgets all; returns them. */
  synchronized List<Node> clear() {
    List<Node> all = List.copyOf(byId.values());
    byId.clear();
    byFile.clear();
    return all;
  }
}
