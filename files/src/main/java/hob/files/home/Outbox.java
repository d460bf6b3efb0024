package hob.files.home;

import hob.files.frame.FileFrame;
import hob.files.frame.Notice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Notices that a guest has yet to be sent. Any thread. */
final class Outbox {
  private static final int FULL_BYTES = 512 << 10;

  private record Key(long node, long offset, @Nullable String name) {}

  private final int mount;
  // Guarded by this.
  private ByteBuffer waiting = fresh();
  private final Set<Key> said = new HashSet<>();

  Outbox(int mount) {
    this.mount = mount;
  }

  private static ByteBuffer fresh() {
    ByteBuffer buffer = ByteBuffer.allocate(8 << 10).order(ByteOrder.LITTLE_ENDIAN);
    return buffer.position(FileFrame.HEAD_BYTES);
  }

  /**
   * A file has changed.
   *
   * @param offset from where on its pages have; negative when only attributes have
   */
  void inode(Node node, long offset) {
    Node.Place place = node.place;
    byte[] name = place == null ? new byte[0] : place.name();
    add(Notice.INODE, node.id, offset, place == null ? 0 : place.parent(), name, null);
  }

  /** A name in a directory means something else now, or nothing. */
  void entry(Node directory, byte[] name) {
    add(
        Notice.ENTRY,
        0,
        0,
        directory.id,
        name,
        new String(name, java.nio.charset.StandardCharsets.ISO_8859_1));
  }

  /** It is not known any more what a name in a directory means. */
  void expired(long directory, byte[] name) {
    add(
        Notice.EXPIRED,
        0,
        -1,
        directory,
        name,
        new String(name, java.nio.charset.StandardCharsets.ISO_8859_1));
  }

  private synchronized void add(
      int kind, long node, long offset, long parent, byte[] name, @Nullable String keyName) {
    if (!said.add(new Key(keyName == null ? node : parent, offset, keyName))) {
      return;
    }
    int needed = Notice.BYTES + name.length;
    if (waiting.remaining() < needed) {
      int capacity = Math.max(2 * waiting.capacity(), waiting.position() + needed);
      ByteBuffer larger = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
      waiting = larger.put(waiting.flip());
    }
    waiting
        .put((byte) kind)
        .put((byte) 0)
        .putShort((short) name.length)
        .putInt(0)
        .putLong(node)
        .putLong(offset)
        .putLong(parent)
        .put(name);
  }

  /** Whether so much waits that it should be sent soon. */
  synchronized boolean isFull() {
    return waiting.position() > FULL_BYTES;
  }

  /** Takes all as frames, or null when there is nothing. */
  synchronized @Nullable ByteBuffer take() {
    if (waiting.position() == FileFrame.HEAD_BYTES) {
      return null;
    }
    ByteBuffer full = waiting;
    full.put(FileFrame.KIND, (byte) FileFrame.NOTICE);
    full.putShort(FileFrame.MOUNT, (short) mount);
    waiting = fresh();
    said.clear();
    return full.flip();
  }
}
