package hob.wire.bulk;

import hob.wire.link.LinkOpener;
import hob.wire.link.OpenLink;
import hob.wire.peer.WireException;
import hob.wire.proto.Hello;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An endpoint's bulk transfers, in both directions. Any number of threads. */
public final class BulkTransfers implements AutoCloseable {
  /** A receiver that does not take a chunk for so long will not take it any more. */
  private static final long MAX_STALL_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** From here on several connections move more than one does. */
  private static final long LARGE_BYTES = 64L << 20;

  private static final int MAX_USEFUL_CONNECTIONS = 4;

  private final LinkOpener opener;
  private final Executor executor;
  private final int maxMetadata;
  private final LanePool pool = new LanePool();
  private final ChunkBuffers buffers = new ChunkBuffers();
  private final ConcurrentHashMap<TransferToken, BulkReceiver> expected = new ConcurrentHashMap<>();
  private final Set<OpenLink> incoming = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * For the endpoint.
   *
   * @param executor of platform threads; drives the further connections of a sender
   */
  public BulkTransfers(LinkOpener opener, Executor executor, int maxMetadata) {
    this.opener = opener;
    this.executor = executor;
    this.maxMetadata = maxMetadata;
  }

  /**
   * Expects a transfer; the token is then sent to the host that shall send.
   *
   * @param from the only host that may send it
   */
  public BulkReceiver expect(TransferToken token, String from) {
    BulkReceiver receiver = new BulkReceiver(buffers, from, () -> expected.remove(token));
    if (expected.putIfAbsent(token, receiver) != null) {
      throw new IllegalArgumentException(token + " is expected already");
    }
    return receiver;
  }

  /**
   * How many connections suit a transfer of so many bytes on this machine. With TLS one keeps the
   * core that decrypts busy at about 1 GB/s.
   */
  public static int connectionsFor(long total) {
    return total < LARGE_BYTES
        ? 1
        : Math.min(MAX_USEFUL_CONNECTIONS, Runtime.getRuntime().availableProcessors());
  }

  /**
   * Opens a transfer to a host that expects it, over warm connections if there are any.
   *
   * @param address where the host listens
   * @param total how many bytes will be sent
   * @param metadata goes ahead of the bytes, at most the receiver's limit; not retained
   * @param connections how many to use; see {@link #connectionsFor}
   */
  public BulkSender open(
      SocketAddress address,
      String host,
      TransferToken token,
      long total,
      ByteBuffer metadata,
      int connections)
      throws WireException {
    if (connections < 1 || connections > Frames.MAX_CONNECTIONS || total < 0) {
      throw new IllegalArgumentException(
          "%d bytes over %d connections".formatted(total, connections));
    }
    if (metadata.remaining() > maxMetadata) {
      throw new WireException.TooLong(
          "metadata", metadata.remaining(), maxMetadata, "send more of it as content");
    }
    List<Lane> lanes = new ArrayList<>();
    BulkSender sender = new BulkSender(lanes, executor, pool, total);
    try {
      while (lanes.size() < connections) {
        Lane warm = pool.take(host);
        if (warm == null) {
          warm = dial(address, host);
          pool.lend(warm);
        }
        lanes.add(warm);
      }
      sender.open(token, metadata);
      return sender;
    } catch (WireException e) {
      sender.close();
      throw e;
    }
  }

  /** Makes sure that so many connections to a host stand ready. */
  public void warm(SocketAddress address, String host, int connections) throws WireException {
    while (pool.size(host) < Math.min(connections, LanePool.MAX_IDLE)) {
      pool.put(dial(address, host));
    }
  }

  /** Closes the idle connections to a host; transfers under way go on. */
  public void discard(String host) {
    pool.discard(host);
  }

  /** Breaks all transfers with a host, in both directions, because it has gone. */
  public void breakAll(String host) {
    pool.closeAll(host);
    incoming.stream()
        .filter(link -> link.peer().name().equals(host))
        .forEach(link -> link.link().close());
    WireException gone = new WireException.TransferBroken(host + " is gone");
    expected.values().stream()
        .filter(receiver -> receiver.from().equals(host))
        .forEach(receiver -> receiver.fail(gone));
  }

  /** Closes what has been idle or has not moved for long; for the endpoint's timer. */
  public void expire() {
    pool.expire();
    pool.closeStalled(MAX_STALL_NANOS);
  }

  /** Serves a connection that a peer has opened, until it ends; for the endpoint. */
  public void serve(OpenLink link) {
    incoming.add(link);
    try {
      if (!closed) {
        new Intake(link, this::find, maxMetadata).serve();
      }
    } finally {
      incoming.remove(link);
      link.link().close();
    }
  }

  /** Breaks all transfers and closes all connections. */
  @Override
  public void close() {
    closed = true;
    pool.close();
    incoming.forEach(link -> link.link().close());
    expected.values().forEach(BulkReceiver::close);
  }

  private @Nullable BulkReceiver find(TransferToken token, String from) {
    BulkReceiver receiver = expected.get(token);
    return receiver != null && receiver.from().equals(from) ? receiver : null;
  }

  private Lane dial(SocketAddress address, String host) throws WireException {
    return new Lane(opener.dial(address, host, Hello.Kind.BULK));
  }
}
