package hob.files.home;

import hob.linux.DescriptorQueue;
import hob.linux.Fd;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The descriptors of a guest that no other can be made from once they are closed: of files without
 * names, of locks, of mounts. They stand in a queue that outlives this program if somebody keeps
 * its ends. Any thread.
 */
final class Vault {
  private static final System.Logger LOG = System.getLogger(Vault.class.getName());

  /** So many of no use may be kept open. */
  private static final int IDLE = 64;

  /** What a descriptor is for. */
  enum Kind {
    /** The file of a node. */
    FILE(1),
    /** The description that holds an owner's locks of a node. */
    LOCK(2),
    /** Some file of a mount. */
    MOUNT(3);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    private static Kind of(int code) {
      return Arrays.stream(values()).filter(k -> k.code == code).findAny().orElseThrow();
    }
  }

  /**
   * Tells descriptors apart.
   *
   * @param id of the node, or of the mount
   * @param owner of locks
   * @param more for a lock whether it is one of flock(2), for a mount whether files have handles
   * @param number for a lock the pid of the process, for a mount its number among file systems
   */
  record Tag(Kind kind, long id, long owner, boolean more, int number) {
    private static final int BYTES = 24;

    static Tag file(Node node) {
      return new Tag(Kind.FILE, node.id, 0, false, 0);
    }

    private byte[] bytes() {
      return ByteBuffer.allocate(BYTES)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putLong(id)
          .putLong(owner)
          .putInt(number)
          .put((byte) kind.code)
          .put((byte) (more ? 1 : 0))
          .array();
    }

    private static Tag of(byte[] bytes) {
      ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      return new Tag(Kind.of(b.get(20)), b.getLong(0), b.getLong(8), b.get(21) != 0, b.getInt(16));
    }
  }

  /** One that was kept; the taker closes the file. */
  record Kept(Tag tag, Fd file) {}

  private final @Nullable DescriptorQueue queue;
  // Guarded by this.
  private final Set<Tag> wanted = new HashSet<>();
  private int queued;

  /**
   * A vault.
   *
   * @param queue with what an earlier program put there; null for a vault that keeps nothing
   */
  Vault(@Nullable DescriptorQueue queue) {
    this.queue = queue;
  }

  /** Keeps a duplicate of a descriptor until {@link #drop}. */
  synchronized void put(Tag tag, int fd) {
    if (queue != null && fd >= 0 && wanted.add(tag)) {
      long r = queue.put(tag.bytes(), fd);
      if (r == 0) {
        queued++;
      } else {
        wanted.remove(tag);
        LOG.log(System.Logger.Level.WARNING, "an open file would not outlive this daemon: {0}", -r);
      }
    }
  }

  /** A descriptor is of no use any more; it is closed some time. */
  synchronized void drop(Tag tag) {
    if (queue != null && wanted.remove(tag) && queued - wanted.size() > IDLE + wanted.size()) {
      sweep();
    }
  }

  /** Whether some are kept that are of no use. */
  synchronized boolean hasIdle() {
    return queued > wanted.size();
  }

  /** Closes all that are of no use. */
  synchronized void sweep() {
    if (queue == null) {
      return;
    }
    // Never more than one is out of it: this program may be killed any time.
    for (int i = queued; i > 0; i--) {
      Optional<DescriptorQueue.Item> item = queue.take();
      if (item.isEmpty()) {
        return;
      }
      try (Fd file = item.get().file()) {
        Tag tag = Tag.of(item.get().tag());
        queued--;
        if (wanted.contains(tag) && queue.put(item.get().tag(), file.number()) == 0) {
          queued++;
        }
      }
    }
  }

  /** What an earlier program has kept, which is kept on. */
  synchronized List<Kept> all() {
    List<Kept> found = new ArrayList<>();
    if (queue == null) {
      return found;
    }
    Set<Tag> seen = new HashSet<>();
    while (true) {
      Optional<DescriptorQueue.Item> item = queue.take();
      Tag tag = item.isEmpty() ? null : Tag.of(item.get().tag());
      if (item.isEmpty() || tag == null || seen.contains(tag)) {
        // Once around.
        item.ifPresent(i -> {
          queue.put(i.tag(), i.file().number());
          i.file().close();
        });
        queued = seen.size();
        wanted.addAll(seen);
        return found;
      }
      seen.add(tag);
      queue.put(item.get().tag(), item.get().file().number());
      found.add(new Kept(tag, item.get().file()));
    }
  }
}
