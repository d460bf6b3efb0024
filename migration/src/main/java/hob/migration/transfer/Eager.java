package hob.migration.transfer;

import hob.home.Departure;
import hob.wire.bulk.BulkSender;
import hob.wire.peer.WireException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * All pages move while the tree is frozen (as in Condor and Charlotte).
 *
 * <p>Two buffers: one is read into while the other is sent. What fits into one buffer is read and
 * sent by the calling thread alone, since waking another would cost more.
 */
public final class Eager implements TransferStrategy {
  /** As large as a core's share of the cache, or nearly so. */
  private static final long BUFFER_BYTES = 1 << 20;

  private final Executor executor;
  private final ConcurrentLinkedQueue<MemorySegment> idle = new ConcurrentLinkedQueue<>();

  /**
   * Makes the strategy.
   *
   * @param executor of platform threads; reads ahead
   */
  public Eager(Executor executor) {
    this.executor = executor;
    idle.add(allocate());
    idle.add(allocate());
  }

  @Override
  public String name() {
    return "eager";
  }

  @Override
  public void send(Departure departure, BulkSender to) throws WireException {
    long total = departure.pageBytes();
    if (total == 0) {
      return;
    }
    MemorySegment first = borrow();
    MemorySegment second = total > BUFFER_BYTES ? borrow() : first;
    try {
      MemorySegment current = first;
      departure.read(0, piece(current, 0, total));
      for (long at = 0; at < total; at += BUFFER_BYTES) {
        long next = at + BUFFER_BYTES;
        MemorySegment other = Objects.equals(current, first) ? second : first;
        FutureTask<@Nullable Void> ahead =
            next < total ? readAhead(departure, next, piece(other, next, total)) : null;
        try {
          to.send(piece(current, at, total));
        } finally {
          if (ahead != null) {
            await(ahead);
          }
        }
        current = other;
      }
    } finally {
      idle.add(first);
      if (total > BUFFER_BYTES) {
        idle.add(second);
      }
    }
  }

  private FutureTask<@Nullable Void> readAhead(Departure d, long offset, MemorySegment into) {
    FutureTask<@Nullable Void> task = new FutureTask<>(() -> d.read(offset, into), null);
    executor.execute(task);
    return task;
  }

  private static void await(FutureTask<@Nullable Void> task) {
    boolean interrupted = false;
    while (true) {
      try {
        task.get();
        break;
      } catch (InterruptedException _) {
        // The buffer is in use until the reader is done.
        interrupted = true;
      } catch (ExecutionException e) {
        throw new IllegalStateException("cannot read the tree's memory", e.getCause());
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static MemorySegment piece(MemorySegment buffer, long at, long total) {
    return buffer.asSlice(0, Math.min(BUFFER_BYTES, total - at));
  }

  private MemorySegment borrow() {
    MemorySegment buffer = idle.poll();
    return buffer == null ? allocate() : buffer;
  }

  private static MemorySegment allocate() {
    return Arena.ofAuto().allocate(BUFFER_BYTES, 4096);
  }
}
