package hob.wire.bulk;

import hob.wire.peer.WireException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The sending side of one bulk transfer. One thread, but for {@link #close}.
 *
 * <p>What is sent are the bytes 0 to the announced total, in order, in pieces of any size. Over
 * several connections a large piece is cut up and sent by several threads; pieces of some megabytes
 * suit that best. With one connection there is no other thread.
 */
public final class BulkSender implements AutoCloseable {
  private final List<Lane> lanes;
  private final Executor executor;
  private final LanePool pool;
  private final long total;
  private long sent;
  private volatile boolean finished;

  BulkSender(List<Lane> lanes, Executor executor, LanePool pool, long total) {
    this.lanes = lanes;
    this.executor = executor;
    this.pool = pool;
    this.total = total;
  }

  /** Announces the transfer on all lanes; the metadata goes ahead of all content. */
  void open(TransferToken token, ByteBuffer metadata) throws WireException {
    for (int i = 0; i < lanes.size(); i++) {
      Lane lane = lanes.get(i);
      boolean first = i == 0;
      run(lane, () -> lane.open(token, lanes.size(), total, metadata, first));
    }
  }

  /** The number of bytes sent so far. */
  public long sent() {
    return sent;
  }

  /** Sends the next bytes: all of {@code data}, which may be reused after the return. */
  public void send(MemorySegment data) throws WireException {
    long size = data.byteSize();
    if (size > total - sent) {
      throw new IllegalArgumentException(
          "%d bytes, where %d are left to send".formatted(size, total - sent));
    }
    long start = sent;
    sent += size;
    if (lanes.size() == 1 || size <= Frames.MAX_CHUNK) {
      Pieces pieces = new Pieces(data, start);
      run(lanes.getFirst(), () -> pieces.sendAll(lanes.getFirst()));
    } else {
      sendParallel(new Pieces(data, start));
    }
  }

  /** Sends the next bytes: what remains in {@code data}. */
  public void send(ByteBuffer data) throws WireException {
    send(MemorySegment.ofBuffer(data));
    data.position(data.limit());
  }

  /** Lets the receiver have what was sent so far, the metadata in any case. */
  public void flush() throws WireException {
    for (Lane lane : lanes) {
      run(lane, lane::flush);
    }
  }

  /**
   * Ends the transfer and waits until the receiving daemon has all of it; its consumer need not
   * have taken it yet. The connections go back to the pool.
   *
   * @throws IllegalStateException if not just the announced total was sent
   */
  public void finish() throws WireException {
    if (sent != total) {
      throw new IllegalStateException("%d of %d bytes sent".formatted(sent, total));
    }
    for (Lane lane : lanes) {
      run(lane, lane::end);
    }
    for (Lane lane : lanes) {
      try {
        lane.awaitResult();
      } catch (IOException e) {
        throw broken(e);
      }
    }
    finished = true;
    lanes.forEach(pool::put);
  }

  /** Gives the transfer up, unless it is finished; any thread may, and wakes the one that sends. */
  @Override
  public void close() {
    if (!finished) {
      lanes.forEach(pool::drop);
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  /** Runs a step; if it fails the receiver has perhaps said why. */
  private static void run(Lane lane, Step step) throws WireException {
    try {
      step.run();
    } catch (IOException e) {
      try {
        lane.awaitResult();
      } catch (WireException.Refused refused) {
        refused.addSuppressed(e);
        throw refused;
      } catch (IOException silent) {
        e.addSuppressed(silent);
      }
      throw broken(e);
    }
  }

  private static WireException broken(IOException e) {
    return e instanceof WireException wire
        ? wire
        : new WireException.TransferBroken("the receiver is gone", e);
  }

  /** All lanes take pieces until none is left; the calling thread drives the first. */
  private void sendParallel(Pieces pieces) throws WireException {
    List<CompletableFuture<@Nullable WireException>> others = new ArrayList<>();
    for (Lane lane : lanes.subList(1, lanes.size())) {
      others.add(CompletableFuture.supplyAsync(() -> drive(lane, pieces), executor));
    }
    WireException problem = drive(lanes.getFirst(), pieces);
    for (CompletableFuture<@Nullable WireException> other : others) {
      WireException theirs = other.join();
      problem = problem == null ? theirs : problem;
    }
    if (problem != null) {
      throw problem;
    }
  }

  private static @Nullable WireException drive(Lane lane, Pieces pieces) {
    try {
      run(lane, () -> pieces.sendAll(lane));
      return null;
    } catch (WireException e) {
      pieces.stop();
      lane.close();
      return e;
    }
  }

  /** A run of bytes that lanes share out among themselves. */
  private static final class Pieces {
    private final MemorySegment data;
    private final long start;
    private final AtomicLong next = new AtomicLong();

    Pieces(MemorySegment data, long start) {
      this.data = data;
      this.start = start;
    }

    void sendAll(Lane lane) throws IOException {
      long size = data.byteSize();
      for (long at = next.getAndAdd(Frames.MAX_CHUNK);
          at >= 0 && at < size;
          at = next.getAndAdd(Frames.MAX_CHUNK)) {
        long length = Math.min(Frames.MAX_CHUNK, size - at);
        lane.chunk(start + at, data.asSlice(at, length).asByteBuffer());
      }
    }

    void stop() {
      next.set(Long.MIN_VALUE / 2);
    }
  }
}
