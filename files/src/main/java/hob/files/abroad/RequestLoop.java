package hob.files.abroad;

import hob.files.frame.FileFrame;
import hob.linux.Errno;
import hob.linux.RawMemory;
import hob.linux.fuse.FuseDevice;
import hob.linux.fuse.FuseLayout;
import hob.linux.fuse.FuseOpcode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** One thread that takes requests from the kernel and sends on what it cannot answer itself. */
final class RequestLoop implements Runnable {
  private static final System.Logger LOG = System.getLogger(RequestLoop.class.getName());
  private static final int MINOR = 45;
  private static final long WANTED =
      FuseLayout.ASYNC_READ
          | FuseLayout.POSIX_LOCKS
          | FuseLayout.BIG_WRITES
          | FuseLayout.DONT_MASK
          | FuseLayout.FLOCK_LOCKS
          | FuseLayout.DO_READDIRPLUS
          | FuseLayout.READDIRPLUS_AUTO
          | FuseLayout.ASYNC_DIO
          | FuseLayout.NO_OPEN_SUPPORT
          | FuseLayout.PARALLEL_DIROPS
          | FuseLayout.POSIX_ACL
          | FuseLayout.MAX_PAGES
          | FuseLayout.CACHE_SYMLINKS
          | FuseLayout.NO_OPENDIR_SUPPORT
          | FuseLayout.EXPLICIT_INVAL_DATA
          | FuseLayout.HANDLE_KILLPRIV_V2
          | FuseLayout.SETXATTR_EXT
          | FuseLayout.INIT_EXT;
  private static final int MAX_BACKGROUND = 64;
  private static final int MAX_OFFSET_BITS = 40;
  private static final int PAGE_BYTES = 4096;

  private final FileMount mount;
  private final FuseDevice device;
  private final WriteBehind writes;
  private final AccessLists lists;
  private final HeldLocks locks;
  private final MemorySegment memory = Arena.ofAuto().allocate(FileFrame.MAX_BYTES + 256, 4096);
  private final ByteBuffer frame = memory.asByteBuffer();
  private final long head = memory.address();
  private final long request = head + FileFrame.HEAD_BYTES;
  private final long body = request + FuseLayout.IN_BYTES;

  /** Where answers of its own are put together. */
  private final MemorySegment answerMemory = Arena.ofAuto().allocate(256, 8);

  private final long answer = answerMemory.address();

  RequestLoop(
      FileMount mount, FuseDevice device, WriteBehind writes, AccessLists lists, HeldLocks locks) {
    this.mount = mount;
    this.device = device;
    this.writes = writes;
    this.lists = lists;
    this.locks = locks;
  }

  @Override
  public void run() {
    try {
      while (true) {
        int length = device.read(request, FileFrame.MAX_BYTES - FileFrame.HEAD_BYTES);
        if (length == 0) {
          break;
        }
        handle(length);
      }
    } catch (IOException e) {
      LOG.log(Level.INFO, "the home of {0} has gone: {1}", mount.mountPoint(), e.getMessage());
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "serving " + mount.mountPoint() + " failed", e);
    }
    mount.ended();
  }

  private void handle(int length) throws IOException {
    int opcode = RawMemory.i32(request + FuseLayout.IN_OPCODE);
    long node = RawMemory.i64(request + FuseLayout.IN_NODEID);
    switch (opcode) {
      case FuseOpcode.WRITE -> write(length, node);
      case FuseOpcode.GETXATTR -> {
        if (lists.isAbsent(node, body + FuseLayout.GETXATTR_BYTES)) {
          reply(-Errno.ENODATA.number());
        } else {
          send(length);
        }
      }
      case FuseOpcode.OPEN,
          FuseOpcode.OPENDIR,
          FuseOpcode.FLUSH,
          FuseOpcode.ACCESS,
          FuseOpcode.BMAP,
          FuseOpcode.IOCTL,
          FuseOpcode.POLL,
          FuseOpcode.STATX ->
          reply(-Errno.ENOSYS.number());
      case FuseOpcode.RELEASE, FuseOpcode.RELEASEDIR, FuseOpcode.DESTROY -> reply(0);
      case FuseOpcode.INIT -> init();
      default -> {
        note(opcode, node);
        send(length);
      }
    }
  }

  /** What else a request means to this host. */
  private void note(int opcode, long node) {
    switch (opcode) {
      case FuseOpcode.FORGET -> forget(node);
      case FuseOpcode.BATCH_FORGET -> {
        int count = RawMemory.i32(body);
        for (int i = 0; i < count; i++) {
          forget(RawMemory.i64(body + 8 + 16L * i));
        }
      }
      case FuseOpcode.SETATTR -> {
        writes.doubt(node);
        lists.doubt(node);
      }
      case FuseOpcode.SETXATTR, FuseOpcode.REMOVEXATTR -> lists.doubt(node);
      case FuseOpcode.SETLK, FuseOpcode.SETLKW ->
          locks.asked(RawMemory.i64(request + FuseLayout.IN_UNIQUE), node, body);
      default -> {}
    }
  }

  private void forget(long node) {
    writes.forget(node);
    lists.forget(node);
  }

  private void write(int length, long node) throws IOException {
    int error = writes.error(node);
    if (error != 0) {
      reply(error);
      return;
    }
    int size = RawMemory.i32(body + FuseLayout.WRITE_SIZE);
    long offset = RawMemory.i64(body + FuseLayout.WRITE_OFFSET);
    // Beyond what file systems can hold, the home is to say so.
    if (offset >>> MAX_OFFSET_BITS != 0 || !writes.take(node, size)) {
      send(length);
      return;
    }
    // First on its way, then acknowledged: what the process does next comes after it.
    if (!mount.sendBehind(
        RawMemory.i64(request + FuseLayout.IN_UNIQUE), framed(length, FileFrame.BEHIND))) {
      writes.giveBack(size);
      send(length);
      return;
    }
    RawMemory.i32(answer + FuseLayout.OUT_BYTES, size);
    RawMemory.i32(answer + FuseLayout.OUT_BYTES + 4, 0);
    reply(FuseLayout.WRITE_OUT_BYTES);
  }

  private void send(int length) throws IOException {
    if (RawMemory.i32(request + FuseLayout.IN_OPCODE) == FuseOpcode.FSYNC) {
      int error = writes.error(RawMemory.i64(request + FuseLayout.IN_NODEID));
      if (error != 0) {
        reply(error);
        return;
      }
    }
    mount.send(framed(length, 0));
  }

  /** The request as a frame. */
  private ByteBuffer framed(int length, int flags) {
    RawMemory.i8(head + FileFrame.KIND, FileFrame.REQUEST);
    RawMemory.i8(head + FileFrame.FLAGS, flags);
    RawMemory.u16(head + FileFrame.MOUNT, mount.mount());
    RawMemory.i32(head + FileFrame.AUX, 0);
    RawMemory.i64(head + FileFrame.NODE, 0);
    return frame.limit(FileFrame.HEAD_BYTES + length).position(0);
  }

  /** Answers the request with so many bytes that are in place already, or {@code -errno}. */
  private void reply(int result) {
    RawMemory.i32(answer + FuseLayout.OUT_LEN, FuseLayout.OUT_BYTES + Math.max(0, result));
    RawMemory.i32(answer + FuseLayout.OUT_ERROR, Math.min(0, result));
    RawMemory.i64(answer + FuseLayout.OUT_UNIQUE, RawMemory.i64(request + FuseLayout.IN_UNIQUE));
    device.write(answer, FuseLayout.OUT_BYTES + Math.max(0, result));
  }

  private void init() {
    long offered =
        RawMemory.u32(body + FuseLayout.INIT_FLAGS)
            | RawMemory.u32(body + FuseLayout.INIT_IN_FLAGS2) << 32;
    long used = offered & WANTED;
    long out = answer + FuseLayout.OUT_BYTES;
    int minor = RawMemory.i32(body + FuseLayout.INIT_MINOR);
    RawMemory.zero(out, FuseLayout.INIT_OUT_BYTES);
    RawMemory.i32(out + FuseLayout.INIT_MAJOR, RawMemory.i32(body + FuseLayout.INIT_MAJOR));
    RawMemory.i32(out + FuseLayout.INIT_MINOR, Math.min(minor, MINOR));
    RawMemory.i32(out + FuseLayout.INIT_MAX_READAHEAD, FileFrame.MAX_DATA);
    RawMemory.i32(out + FuseLayout.INIT_FLAGS, (int) used);
    RawMemory.u16(out + FuseLayout.INIT_MAX_BACKGROUND, MAX_BACKGROUND);
    RawMemory.u16(out + FuseLayout.INIT_CONGESTION, MAX_BACKGROUND * 3 / 4);
    RawMemory.i32(out + FuseLayout.INIT_MAX_WRITE, FileFrame.MAX_DATA);
    RawMemory.i32(out + FuseLayout.INIT_TIME_GRAN, 1);
    RawMemory.u16(out + FuseLayout.INIT_MAX_PAGES, FileFrame.MAX_DATA / PAGE_BYTES);
    RawMemory.i32(out + FuseLayout.INIT_OUT_FLAGS2, (int) (used >>> 32));
    reply(FuseLayout.INIT_OUT_BYTES);
  }
}
