package hob.wire.bulk;

import hob.wire.peer.WireException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The receiving side of one bulk transfer: the consumer pulls its pieces.
 *
 * <p>One consumer thread calls the public methods; the threads of the connections call the others.
 * Some pieces are read ahead; then the sender has to wait. After an error all calls throw it.
 */
public final class BulkReceiver implements AutoCloseable {
  private record Filled(long offset, int length, MemorySegment buffer) {}

  private final ChunkBuffers buffers;
  private final Runnable unregister;
  private final String from;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  // All guarded by lock.
  private @Nullable ByteBuffer metadata;
  private long total = -1;
  private int connections;
  private int joined;
  private int ended;
  private int borrowed;
  private final Coverage coverage = new Coverage();
  private final Deque<Filled> filled = new ArrayDeque<>();
  private @Nullable WireException failure;

  /** Of the consumer: what its last piece lies in. */
  private @Nullable MemorySegment lent;

  BulkReceiver(ChunkBuffers buffers, String from, Runnable unregister) {
    this.buffers = buffers;
    this.from = from;
    this.unregister = unregister;
  }

  /**
   * Waits for the transfer to begin and returns its metadata, a heap buffer of the caller's own.
   *
   * @throws WireException.TransferBroken if it does not begin in time, or fails
   */
  public ByteBuffer metadata(Duration timeout) throws WireException, InterruptedException {
    lock.lock();
    try {
      long left = timeout.toNanos();
      while (true) {
        check();
        if (metadata != null) {
          return metadata.duplicate();
        }
        failIfLate(left, timeout);
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The size of the transfer in bytes, metadata not counted; once the metadata is there. */
  public long totalBytes() {
    lock.lock();
    try {
      if (metadata == null) {
        throw new IllegalStateException("the transfer has not begun");
      }
      return total;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for the next piece. Pieces cover the transfer without overlaps; with several connections
   * they come in any order. The piece before becomes invalid.
   *
   * @return null when all bytes were returned before
   * @throws WireException.TransferBroken if the sender goes away, or nothing comes for {@code
   *     timeout}
   * @throws WireException.CorruptChunk if a checksum is wrong
   */
  public @Nullable Chunk next(Duration timeout) throws WireException, InterruptedException {
    lock.lock();
    try {
      giveBack();
      long left = timeout.toNanos();
      while (true) {
        check();
        Filled next = filled.poll();
        if (next != null) {
          lent = next.buffer;
          return new Chunk(next.offset, next.buffer.asSlice(0, next.length));
        }
        if (isComplete()) {
          return null;
        }
        failIfLate(left, timeout);
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the transfer; one that is not complete is refused to the sender. */
  @Override
  public void close() {
    unregister.run();
    lock.lock();
    try {
      if (!isComplete()) {
        fail(new WireException.TransferBroken("the receiver gave it up"));
      }
      giveBack();
      for (Filled rest = filled.poll(); rest != null; rest = filled.poll()) {
        buffers.give(rest.buffer);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The host that may send this. */
  String from() {
    return from;
  }

  /** A connection announces that it carries a part of the transfer. */
  void join(int ofConnections, long ofTotal, @Nullable ByteBuffer withMetadata)
      throws WireException {
    lock.lock();
    try {
      check();
      if (total < 0) {
        total = ofTotal;
        connections = ofConnections;
      }
      joined++;
      boolean second = withMetadata != null && metadata != null;
      if (ofTotal != total || ofConnections != connections || joined > connections || second) {
        throw new WireException.BadFrame("connections of one transfer contradict each other");
      }
      if (withMetadata != null) {
        metadata = withMetadata;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits for room; returns a buffer for one piece, to be {@link #deliver}ed. */
  MemorySegment borrow() throws WireException {
    lock.lock();
    try {
      check();
      while (borrowed >= 2 + 2 * connections) {
        changed.awaitUninterruptibly();
        check();
      }
      borrowed++;
    } finally {
      lock.unlock();
    }
    return buffers.take();
  }

  /** Hands a filled buffer to the consumer. */
  void deliver(long offset, int length, MemorySegment buffer) throws WireException {
    lock.lock();
    try {
      check();
      if (offset < 0 || length > total - offset || !coverage.add(offset, offset + length)) {
        throw new WireException.BadFrame("a chunk where none belongs");
      }
      filled.add(new Filled(offset, length, buffer));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** A connection has carried its part; waits until all have. */
  void leave() throws WireException {
    lock.lock();
    try {
      ended++;
      if (ended == connections && !isComplete()) {
        throw new WireException.BadFrame(
            "%d bytes of %d at the end of a transfer".formatted(coverage.bytes(), total));
      }
      changed.signalAll();
      while (!isComplete()) {
        check();
        changed.awaitUninterruptibly();
      }
      unregister.run();
    } finally {
      lock.unlock();
    }
  }

  /** Fails the transfer unless it has failed before, or is complete. */
  void fail(WireException e) {
    lock.lock();
    try {
      if (failure == null && !isComplete()) {
        failure = e;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean isComplete() {
    return metadata != null && ended == connections && coverage.bytes() == total;
  }

  private void check() throws WireException {
    if (failure != null) {
      throw failure;
    }
  }

  private void giveBack() {
    if (lent != null) {
      buffers.give(lent);
      lent = null;
      borrowed--;
      changed.signalAll();
    }
  }

  private void failIfLate(long leftNanos, Duration timeout) throws WireException {
    if (leftNanos <= 0) {
      fail(
          new WireException.TransferBroken(
              "nothing came from %s within %d ms".formatted(from, timeout.toMillis())));
      check();
    }
  }
}
