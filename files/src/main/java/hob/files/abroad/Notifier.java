package hob.files.abroad;

import hob.files.frame.Notice;
import hob.linux.Errno;
import hob.linux.fuse.FuseDevice;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Has the kernel forget what has changed at home, in order, and then lets happen what must come
 * after. A thread of its own: the kernel makes it wait for look-ups and reads under way.
 */
final class Notifier {
  private static final System.Logger LOG = System.getLogger(Notifier.class.getName());
  private static final long ROOT = 1;

  private final FuseDevice device;
  private final Set<String> keptNames;
  private final WriteBehind writes;
  private final AccessLists lists;
  private final BlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
  private final MemorySegment memory = Arena.ofAuto().allocate(512, 8);
  private final Thread thread =
      Thread.ofPlatform().daemon().name("files-notices").unstarted(this::run);

  Notifier(FuseDevice device, Set<String> keptNames, WriteBehind writes, AccessLists lists) {
    this.device = device;
    this.keptNames = keptNames;
    this.writes = writes;
    this.lists = lists;
  }

  void start() {
    thread.start();
  }

  void stop() {
    thread.interrupt();
  }

  /** Takes the body of a NOTICE frame. */
  void add(byte[] notices) {
    queue.add(() -> apply(notices));
  }

  /** Takes what is to happen when all that came before has been applied. */
  void add(Runnable action) {
    queue.add(action);
  }

  private void run() {
    try {
      while (true) {
        perform(queue.take());
      }
    } catch (InterruptedException _) {
      // The mount has gone.
    }
  }

  /** A mistake of one who listens must not keep the kernel believing what is no longer true. */
  private static void perform(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "after a notice from home", e);
    }
  }

  private void apply(byte[] notices) {
    ByteBuffer all = ByteBuffer.wrap(notices).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at + Notice.BYTES <= notices.length; ) {
      int nameBytes = all.getShort(at + Notice.NAME_BYTES) & 0xffff;
      byte[] name = new byte[nameBytes];
      all.get(at + Notice.BYTES, name);
      long parent = all.getLong(at + Notice.PARENT);
      switch (all.get(at + Notice.KIND)) {
        case Notice.INODE ->
            inode(all.getLong(at + Notice.NODE), all.getLong(at + Notice.OFFSET), parent, name);
        case Notice.ENTRY -> entry(parent, name);
        case Notice.EXPIRED -> device.expireEntry(memory.address(), parent, name);
        default -> {}
      }
      at += Notice.BYTES + nameBytes;
    }
  }

  private void inode(long node, long offset, long parent, byte[] name) {
    if (offset < 0) {
      writes.doubt(node);
      lists.doubt(node);
    }
    long r = device.invalidateInode(memory.address(), node, offset);
    if (Errno.ENOENT.is(r) && parent != 0) {
      // Perhaps the answer to a look-up is on its way into the kernel, with what was true before.
      // Forgetting the name waits for that, and then there is something to forget.
      entry(parent, name);
      device.invalidateInode(memory.address(), node, offset);
    }
  }

  private void entry(long parent, byte[] name) {
    // What is mounted on a name would vanish with it.
    if (parent == ROOT && keptNames.contains(new String(name, StandardCharsets.ISO_8859_1))) {
      return;
    }
    device.invalidateEntry(memory.address(), parent, name);
  }
}
