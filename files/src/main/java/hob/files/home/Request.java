package hob.files.home;

import hob.files.frame.FileFrame;
import hob.linux.RawMemory;
import hob.linux.fuse.FuseLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** A FUSE request that has come in, in native memory that is used again. One thread at a time. */
final class Request implements Runnable {
  private static final int[] SIZES = {8 << 10, 80 << 10, FileFrame.MAX_BYTES};

  private final Pool pool;
  private final int size;

  /** Keeps the memory allocated as long as this. */
  private final MemorySegment segment;

  private final long memory;
  private int length;

  /** Of a write that was acknowledged already. */
  boolean behind;

  /** Its sender knows that it may have been here before. */
  boolean sentAgain;

  /** The file that it is about. */
  @Nullable Node node;

  private Request(Pool pool, int size) {
    this.pool = pool;
    this.size = size;
    // One more byte, so that whatever comes in ends with a NUL.
    segment = Arena.ofAuto().allocate(SIZES[size] + 8L, 8);
    memory = segment.address();
  }

  /** Memory of requests that are over. Any thread. */
  static final class Pool {
    private final List<ConcurrentLinkedQueue<Request>> free =
        Arrays.stream(SIZES).mapToObj(_ -> new ConcurrentLinkedQueue<Request>()).toList();

    /** Copies what remains of {@code body}; null when it is no whole request. */
    @Nullable Request take(ByteBuffer body) {
      int bytes = body.remaining();
      int size = 0;
      while (size < SIZES.length && bytes > SIZES[size]) {
        size++;
      }
      if (bytes < FuseLayout.IN_BYTES || size == SIZES.length) {
        return null;
      }
      Request request = free.get(size).poll();
      if (request == null) {
        request = new Request(this, size);
      }
      request.length = bytes;
      RawMemory.put(request.memory, body.array(), body.arrayOffset() + body.position(), bytes);
      RawMemory.i64(request.memory + bytes, 0);
      if (RawMemory.i32(request.memory + FuseLayout.IN_LEN) != bytes) {
        request.done();
        return null;
      }
      return request;
    }
  }

  /** Carries it out, on a worker's thread. */
  @Override
  public void run() {
    Worker.current().serve(this);
  }

  /** The memory may be used again. */
  void done() {
    node = null;
    behind = false;
    sentAgain = false;
    pool.free.get(size).add(this);
  }

  /** Whether it may have been carried out before. */
  boolean again() {
    return sentAgain || (unique() & FuseLayout.UNIQUE_RESEND) != 0;
  }

  int opcode() {
    return RawMemory.i32(memory + FuseLayout.IN_OPCODE);
  }

  long unique() {
    return RawMemory.i64(memory + FuseLayout.IN_UNIQUE);
  }

  long nodeId() {
    return RawMemory.i64(memory + FuseLayout.IN_NODEID);
  }

  int uid() {
    return RawMemory.i32(memory + FuseLayout.IN_UID);
  }

  int gid() {
    return RawMemory.i32(memory + FuseLayout.IN_GID);
  }

  /** The address of the request's own struct. */
  long body() {
    return memory + FuseLayout.IN_BYTES;
  }

  /** How many bytes there are from {@link #body} on, without extensions. */
  int bodyBytes() {
    int extensions = 8 * RawMemory.u16(memory + FuseLayout.IN_TOTAL_EXTLEN);
    return Math.max(0, length - FuseLayout.IN_BYTES - extensions);
  }

  /**
   * The address of a NUL-terminated name at {@code offset} of the body that can be nothing but one
   * component; 0 when it is anything else.
   */
  long name(int offset) {
    int room = bodyBytes() - offset;
    if (room <= 0) {
      return 0;
    }
    long at = body() + offset;
    int n = RawMemory.length(at, room);
    if (n == 0 || n == room && RawMemory.i8(at + n) != 0) {
      return 0;
    }
    for (int i = 0; i < n; i++) {
      if (RawMemory.i8(at + i) == '/') {
        return 0;
      }
    }
    boolean dots = RawMemory.i8(at) == '.' && (n == 1 || n == 2 && RawMemory.i8(at + 1) == '.');
    return dots ? 0 : at;
  }
}
