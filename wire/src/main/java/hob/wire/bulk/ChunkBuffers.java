package hob.wire.bulk;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Native buffers of {@link Frames#MAX_CHUNK} bytes, kept for reuse: the first touch of fresh memory
 * costs more than filling it. Any number of threads.
 */
final class ChunkBuffers {
  private static final int MAX_KEPT = 32;

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by lock.
  private final Deque<MemorySegment> free = new ArrayDeque<>();

  MemorySegment take() {
    lock.lock();
    try {
      MemorySegment buffer = free.poll();
      if (buffer != null) {
        return buffer;
      }
    } finally {
      lock.unlock();
    }
    return Arena.ofAuto().allocate(Frames.MAX_CHUNK);
  }

  void give(MemorySegment buffer) {
    lock.lock();
    try {
      if (free.size() < MAX_KEPT) {
        free.push(buffer);
      }
    } finally {
      lock.unlock();
    }
  }
}
