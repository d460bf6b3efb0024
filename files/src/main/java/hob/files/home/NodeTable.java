package hob.files.home;

import hob.linux.fanotify.FileId;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A guest's files by number and by identity, and what it knows not to be there. Any thread. */
final class NodeTable {
  private record Key(long mount, FileId file) {}

  private final Map<Long, Node> byId = new ConcurrentHashMap<>();
  private final Outbox outbox;
  // Guarded by this.
  private final @Nullable NodeFile saved;
  private final Map<Key, Node> byFile = new HashMap<>();
  private final Absences absences = new Absences();
  private long next = 1;

  /**
   * Without any.
   *
   * @param saved where all is noted too
   * @param outbox told of what the guest may not rely on any more
   */
  NodeTable(@Nullable NodeFile saved, Outbox outbox) {
    this.saved = saved;
    this.outbox = outbox;
  }

  /** The file with a number; null when the guest was never told of it, or forgot it. */
  @Nullable Node get(long id) {
    return byId.get(id);
  }

  /**
   * A file that was just found: the same node as before, or a new one. Counts one look-up.
   *
   * @param place where it was found; null when it has no name
   */
  synchronized Node found(
      Guest guest, Mount mount, FileId file, int type, long flags, Node.@Nullable Place place) {
    Key key = new Key(mount.id(), file);
    Node node = byFile.get(key);
    if (node == null) {
      // The root is 1 in the protocol.
      node = new Node(next == 1 ? next : next | flags, guest, mount, file, type);
      next++;
      node.place = place;
      node.lookups = 1;
      save(node);
      byFile.put(key, node);
      byId.put(node.id, node);
    } else {
      node.lookups++;
      if (place != null && !isSame(place, node.place)) {
        node.place = place;
        if (saved != null) {
          saved.remove(node.record);
        }
        save(node);
      } else if (saved != null) {
        saved.looked(node);
      }
    }
    return node;
  }

  private static boolean isSame(Node.Place one, Node.@Nullable Place other) {
    return other != null
        && one.parent() == other.parent()
        && Arrays.equals(one.name(), other.name());
  }

  private void save(Node node) {
    Node.Place place = node.place;
    if (saved != null) {
      makeRoom(node.file.handle().length, place == null ? 0 : place.name().length);
      saved.add(node);
    }
  }

  private void makeRoom(int handleBytes, int nameBytes) {
    if (saved != null && !saved.hasRoom(handleBytes, nameBytes)) {
      saved.rewrite(byId.values(), absences);
    }
  }

  /** A node that an earlier program knew. */
  synchronized Node restore(Guest guest, Mount mount, NodeFile.Saved known) {
    Node node = new Node(known.id(), guest, mount, known.file(), known.type());
    node.place = known.place();
    node.lookups = known.lookups();
    node.record = known.record();
    synchronized (node) {
      node.mayRead = known.mayRead();
      node.mayWrite = known.mayWrite();
    }
    byFile.put(new Key(mount.id(), node.file), node);
    byId.put(node.id, node);
    next = Math.max(next, (node.id & hob.files.frame.FileFrame.NO_ACL - 1) + 1);
    return node;
  }

  /** The user may do more with a file than was known. */
  synchronized void may(Node node) {
    if (saved != null && byId.containsKey(node.id)) {
      saved.may(node);
    }
  }

  /** The guest is about to be told that there is nothing of a name. */
  synchronized void absent(long directory, byte[] name) {
    Absences.Name absence = Absences.Name.of(directory, name);
    if (absences.contains(absence)) {
      return;
    }
    makeRoom(0, name.length);
    Map.Entry<Absences.Name, Long> given =
        absences.add(absence, saved == null ? 0 : saved.add(absence));
    if (given != null) {
      outbox.expired(given.getKey().directory(), given.getKey().bytes());
      if (saved != null) {
        saved.remove(given.getValue());
      }
    }
  }

  /** A name of nothing that an earlier program knew. */
  synchronized void restore(NodeFile.SavedAbsence known) {
    absences.add(Absences.Name.of(known.directory(), known.name()), known.record());
  }

  /** No name that the guest knows can be relied on, nor that there is none. */
  synchronized void expireNames() {
    for (Node node : byId.values()) {
      Node.Place place = node.place;
      if (place != null) {
        outbox.expired(place.parent(), place.name());
      }
    }
    for (Map.Entry<Absences.Name, Long> each : absences.clear()) {
      outbox.expired(each.getKey().directory(), each.getKey().bytes());
      if (saved != null) {
        saved.remove(each.getValue());
      }
    }
  }

  /** Takes back look-ups; returns the node if it was the last, for its descriptors to be closed. */
  synchronized @Nullable Node forget(long id, long lookups) {
    Node node = byId.get(id);
    if (node == null || id == 1) {
      return null;
    }
    node.lookups -= lookups;
    if (node.lookups > 0) {
      if (saved != null) {
        saved.looked(node);
      }
      return null;
    }
    byId.remove(id);
    byFile.remove(new Key(node.mount.id(), node.file));
    if (saved != null) {
      saved.remove(node.record);
    }
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
