package hob.daemon.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import hob.home.EngineLink;
import hob.home.EngineMessage;
import hob.home.SessionId;
import hob.migration.Wires;
import hob.migration.message.Codec;
import hob.wire.Endpoint;
import hob.wire.Handler;
import hob.wire.Reply;
import hob.wire.bulk.BulkReceiver;
import hob.wire.bulk.BulkSender;
import hob.wire.bulk.TransferToken;
import hob.wire.peer.WireException;
import hob.wire.proto.ClockReply;
import hob.wire.proto.ClockRequest;
import hob.wire.proto.EngineCargo;
import hob.wire.proto.FilesCargo;
import hob.wire.proto.StreamItem;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** All other daemons. Any thread. */
public final class Peers implements Wires, EngineLink, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Peers.class.getName());
  private static final Duration REACH = Duration.ofSeconds(3);
  private static final long CONFIRM_MILLIS = 100;

  /**
   * From here on a second connection moves more than one does, where there are cores to drive it.
   */
  private static final long LARGE_BYTES = 64L << 20;

  private final String self;
  private final Endpoint endpoint;
  private final Executor executor;
  private final Map<String, PeerLink> links = new ConcurrentHashMap<>();
  private final Map<String, Clock> clocks = new ConcurrentHashMap<>();

  /** Set before the first connection. */
  private volatile @Nullable PeerListener listener;

  private volatile @Nullable FileOrder files;
  private volatile Consumer<SessionId> ended = _ -> {};
  private volatile Consumer<EngineMessage> toSelf = _ -> {};

  public Peers(
      String self,
      Map<String, InetSocketAddress> known,
      Endpoint endpoint,
      Executor executor,
      ScheduledExecutorService timer) {
    this.self = self;
    this.endpoint = endpoint;
    this.executor = executor;
    known.forEach((name, address) ->
        links.put(name, new PeerLink(self, name, address, endpoint, new Ears())));
    var _ =
        timer.scheduleWithFixedDelay(
            () -> links.values().forEach(PeerLink::confirm),
            CONFIRM_MILLIS,
            CONFIRM_MILLIS,
            TimeUnit.MILLISECONDS);
  }

  /** Who hears of peers; before anything else. */
  public void tell(
      PeerListener to,
      FileOrder fileOrder,
      Consumer<SessionId> sessionEnded,
      Consumer<EngineMessage> ownMessages) {
    listener = to;
    files = fileOrder;
    ended = sessionEnded;
    toSelf = ownMessages;
  }

  /** Begins to call all peers. */
  public void start() {
    links.values().forEach(PeerLink::start);
  }

  /** Handles a connection that a peer opened. */
  public Handler admit(String peer) throws WireException.Refused {
    if (peer.equals(self)) {
      throw new WireException.Refused("this host is called " + self + " itself");
    }
    return links.computeIfAbsent(peer, p -> new PeerLink(self, p, null, endpoint, new Ears()));
  }

  /** All peers, by name. */
  public Collection<PeerLink> all() {
    return new TreeMap<>(links).values();
  }

  /** A peer by its name. */
  public Optional<PeerLink> find(String peer) {
    return Optional.ofNullable(links.get(peer));
  }

  /** The last measured round trip to a peer, microseconds; 0 when unknown. */
  public long roundTripMicros(String peer) {
    Clock c = clocks.get(peer);
    return c == null ? 0 : c.roundTripNanos() / 1_000;
  }

  // ------------------------------------------------------------------ for engine and protocol

  @Override
  public String self() {
    return self;
  }

  @Override
  public void send(String host, hob.migration.message.Message message) {
    if (message instanceof hob.migration.message.Message.Prepare p
        && p.move().session().home().equals(self)) {
      files().offer(host, p.move().session());
    }
    files().ahead(host);
    send(host, StreamItem.newBuilder().setMigration(Codec.encode(message)));
  }

  @Override
  public void send(String peer, EngineMessage message) {
    if (peer.equals(self)) {
      toSelf.accept(message);
      return;
    }
    files().ahead(peer);
    send(
        peer,
        StreamItem.newBuilder()
            .setEngine(
                EngineCargo.newBuilder()
                    .setSession(message.session().toString())
                    .setIncarnation(message.incarnation())
                    .setPayload(ByteString.copyFrom(message.payload()))));
  }

  /** Sends what concerns files, in order with all else. */
  public void send(String peer, FilesCargo cargo) {
    send(peer, StreamItem.newBuilder().setFiles(cargo));
  }

  private FileOrder files() {
    FileOrder f = files;
    if (f == null) {
      throw new IllegalStateException("nobody knows of files yet");
    }
    return f;
  }

  private void send(String peer, StreamItem.Builder item) {
    PeerLink link = links.get(peer);
    if (link == null) {
      LOG.log(System.Logger.Level.ERROR, "a message to {0}, of which nothing is known", peer);
    } else {
      link.send(item);
    }
  }

  @Override
  public void sessionEnded(SessionId session) {
    ended.accept(session);
  }

  @Override
  public String reach(String host) {
    if (host.equals(self)) {
      return "";
    }
    PeerLink link = links.get(host);
    return link == null ? "no host is called " + host : link.reach(REACH);
  }

  @Override
  public void warmBulk(String host) throws WireException {
    endpoint.bulk().warm(address(host), host, 1);
  }

  @Override
  public BulkSender openBulk(String host, TransferToken token, long total, ByteBuffer metadata)
      throws WireException {
    int connections =
        total < LARGE_BYTES ? 1 : Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, 4);
    return endpoint.bulk().open(address(host), host, token, total, metadata, connections);
  }

  @Override
  public BulkReceiver expectBulk(String host, TransferToken token) {
    return endpoint.bulk().expect(token, host);
  }

  private InetSocketAddress address(String host) throws WireException {
    return find(host)
        .flatMap(PeerLink::address)
        .orElseThrow(
            () -> new WireException.TransferBroken("no address of " + host + " is configured"));
  }

  @Override
  public long toLocalNanos(String host, long nanos) {
    Clock c = clocks.get(host);
    return c == null ? nanos : nanos - c.offsetNanos();
  }

  @Override
  public void close() {
    links.values().forEach(PeerLink::close);
  }

  private PeerListener listener() {
    PeerListener l = listener;
    if (l == null) {
      throw new IllegalStateException("nobody listens yet");
    }
    return l;
  }

  private void measure(String peer) {
    find(peer)
        .flatMap(PeerLink::connection)
        .ifPresent(c -> {
          try {
            clocks.put(peer, Clock.measure(c));
          } catch (WireException e) {
            LOG.log(System.Logger.Level.DEBUG, "no clock of " + peer, e);
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private static void clock(Reply reply) {
    reply.ok(ClockReply.newBuilder().setNanos(System.nanoTime()).build());
  }

  /** What every peer's link reports to. */
  private final class Ears implements PeerListener {
    @Override
    public void up(String peer, boolean newDaemon) {
      if (newDaemon) {
        executor.execute(() -> measure(peer));
      }
      listener().up(peer, newDaemon);
    }

    @Override
    public void down(String peer, String why) {
      endpoint.bulk().discard(peer);
      listener().down(peer, why);
    }

    @Override
    public void item(String peer, StreamItem item) {
      listener().item(peer, item);
    }

    @Override
    public void request(String peer, Message request, Reply reply) {
      if (request instanceof ClockRequest) {
        // At once, or the answer is no measure; but the thread that reads must not wait for the
        // peer.
        if (find(peer).filter(PeerLink::congested).isEmpty()) {
          clock(reply);
        } else {
          executor.execute(() -> clock(reply));
        }
      } else {
        listener().request(peer, request, reply);
      }
    }
  }
}
