package hob.files.home;

import hob.files.frame.FileFrame;
import hob.linux.Errno;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;
import hob.linux.fuse.FuseLayout;
import hob.linux.fuse.FuseOpcode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * One thread of a guest with its memory and its rights. All but {@link #start} and {@link #stop} is
 * for the thread itself.
 */
final class Worker {
  private static final System.Logger LOG = System.getLogger(Worker.class.getName());
  private static final int CLONE_FS = 0x200;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_BASIC = 0x7ff;
  private static final int SCRATCH_BYTES = 16 << 10;
  private static final int PATH = SCRATCH_BYTES;
  private static final int STAT = PATH + 64;
  private static final int RIGHTS = STAT + Attributes.STATX_BYTES;
  private static final int DIRECTORY = RIGHTS + 1024;
  static final int DIRECTORY_BYTES = 64 << 10;
  private static final int FRAME = DIRECTORY + DIRECTORY_BYTES;
  private static final int BYTES = FRAME + FileFrame.MAX_BYTES;

  /** The empty path. */
  static final long EMPTY = RawMemory.constant("");

  private static final ThreadLocal<Worker> CURRENT = new ThreadLocal<>();

  private final Guest guest;
  private final BlockingQueue<Runnable> queue;
  private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, 8);
  private final long base = memory.address();
  private final ByteBuffer frame = memory.asSlice(FRAME).asByteBuffer();
  private final Thread thread;
  private final Operations operations;
  private final boolean isMutator;
  private Credentials user = Credentials.ROOT;

  /** Made by the thread, whose rights it is about. */
  private @Nullable Identity identity;

  private int umask = -1;

  /**
   * Makes a worker; {@link #start} comes next.
   *
   * @param queue that it takes work from, its own or one shared with others
   * @param isMutator whether it carries out what changes something
   */
  Worker(
      Guest guest,
      String name,
      BlockingQueue<Runnable> queue,
      Operations operations,
      boolean isMutator) {
    this.guest = guest;
    this.queue = queue;
    this.operations = operations;
    this.isMutator = isMutator;
    thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  private void run() {
    // An umask of its own: CREATE brings that of the foreign process.
    Sys.check(Sys.call(Nr.UNSHARE, CLONE_FS), "unshare");
    guest.serves((int) Sys.call(Nr.GETTID, 0));
    CURRENT.set(this);
    try {
      while (true) {
        perform(queue.take());
      }
    } catch (InterruptedException _) {
      // Closed.
    } finally {
      CURRENT.remove();
    }
  }

  /** A mistake in one must not end the thread, which others wait for. */
  private static void perform(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "work for a guest failed", e);
    }
  }

  /** The worker whose thread this is. */
  static Worker current() {
    Worker worker = CURRENT.get();
    if (worker == null) {
      throw new IllegalStateException("not a worker's thread");
    }
    return worker;
  }

  void stop() {
    thread.interrupt();
  }

  /** Carries out a request and answers it. */
  void serve(Request request) {
    user = guest.userOf(request.uid(), request.gid());
    try {
      if (isMutator && answeredBefore(request)) {
        return;
      }
      int result = operations.perform(this, request);
      if (result != Operations.NO_REPLY) {
        reply(request, result);
      }
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, FuseOpcode.name(request.opcode()) + " of a guest failed", e);
      reply(request, -Errno.EIO.number());
    } finally {
      request.done();
    }
  }

  /** Answers as before, if the request was carried out already. */
  private boolean answeredBefore(Request request) {
    long found = guest.answers().find(request.unique(), request.again());
    if (found == 0) {
      return false;
    }
    operations.repeat(request, Answers.flags(found), Answers.aux(found));
    int result = Answers.result(found);
    RawMemory.copy(Answers.out(found), out(), Math.max(0, result));
    reply(request, result);
    return true;
  }

  /**
   * Answers.
   *
   * @param result bytes from {@link #out} on, or {@code -errno}
   */
  void reply(Request request, int result) {
    if (request.unique() != 0) {
      reply(request.unique(), request.nodeId(), result);
    }
  }

  /** As {@link #reply(Request, int)}, to a request that came earlier. */
  void reply(long unique, long node, int result) {
    long at = base + FRAME;
    int length = FuseLayout.OUT_BYTES + Math.max(0, result);
    RawMemory.i8(at + FileFrame.KIND, FileFrame.REPLY);
    RawMemory.i8(at + FileFrame.FLAGS, operations.flags());
    RawMemory.u16(at + FileFrame.MOUNT, guest.mount());
    RawMemory.i32(at + FileFrame.AUX, operations.aux());
    RawMemory.i64(at + FileFrame.NODE, node);
    long header = at + FileFrame.HEAD_BYTES;
    RawMemory.i32(header + FuseLayout.OUT_LEN, length);
    RawMemory.i32(header + FuseLayout.OUT_ERROR, Math.min(0, result));
    RawMemory.i64(header + FuseLayout.OUT_UNIQUE, unique);
    frame.clear().limit(FileFrame.HEAD_BYTES + length);
    if (isMutator) {
      guest.answers().add(unique, operations.flags(), operations.aux(), header);
    }
    try {
      guest.send(frame);
    } catch (IOException _) {
      // The connection's end is told to the guest, which then goes.
    }
  }

  /** Where an answer's own struct goes; room for {@link FileFrame#MAX_DATA} and more. */
  long out() {
    return base + FRAME + FileFrame.HEAD_BYTES + FuseLayout.OUT_BYTES;
  }

  /** The address of 16 KiB for whatever an operation needs. */
  long scratch() {
    return base;
  }

  /** The address of 64 bytes for a path in /proc. */
  long path() {
    return base + PATH;
  }

  /** The address of {@link #DIRECTORY_BYTES} for a piece of a directory. */
  long directory() {
    return base + DIRECTORY;
  }

  /** Where {@link #statx} put its result. */
  long stat() {
    return base + STAT;
  }

  /** {@code statx(2)} of a descriptor, into {@link #stat}; 0 or {@code -errno}. */
  long statx(int fd) {
    return Sys.call(Nr.STATX, fd, EMPTY, AT_EMPTY_PATH, STATX_BASIC, base + STAT, 0);
  }

  Identity identity() {
    Identity is = identity;
    if (is == null) {
      is = new Identity(base + RIGHTS);
      identity = is;
    }
    return is;
  }

  /** For whom the request under way is carried out. */
  Credentials user() {
    return user;
  }

  /** Acts with the rights of {@link #user}. */
  void asUser() {
    guest.act(identity(), user);
  }

  /** Sets this thread's umask. */
  void umask(int mask) {
    if (mask != umask) {
      Sys.call(Nr.UMASK, mask);
      umask = mask;
    }
  }

  /** A queue for workers. */
  static BlockingQueue<Runnable> queue() {
    return new LinkedBlockingQueue<>();
  }
}
