package hob.wire;

import hob.wire.bulk.BulkTransfers;
import hob.wire.fault.LinkFaults;
import hob.wire.link.LinkOpener;
import hob.wire.link.Meeting;
import hob.wire.link.OpenLink;
import hob.wire.peer.HostInfo;
import hob.wire.peer.WireException;
import hob.wire.proto.Hello;
import hob.wire.tls.Identity;
import hob.wire.tls.IdentityException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * This host's end of all connections: opens them, from either side, and looks after them.
 *
 * <p>Over a network it speaks TLS if it was given an identity; over unix sockets it never does. Any
 * number of threads.
 */
public final class Endpoint implements AutoCloseable {
  /** The version of the protocol that this build speaks; sides with different ones do not talk. */
  public static final int PROTOCOL = Meeting.VERSION;

  private static final System.Logger LOG = System.getLogger(Endpoint.class.getName());

  private final Settings settings;
  private final LinkOpener opener;
  private final ScheduledThreadPoolExecutor timer;
  private final ExecutorService executor;
  private final BulkTransfers bulk;
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
  private final Set<Listener> listeners = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private record Settings(
      HostInfo self,
      MessageTypes types,
      @Nullable Identity identity,
      @Nullable LinkFaults faults,
      Duration handshakeTimeout,
      Duration beat,
      Duration maxSilence,
      int maxMessage,
      int maxMetadata,
      int bulkBuffer,
      int version) {}

  private Endpoint(Settings settings) throws IdentityException {
    this.settings = settings;
    String name = settings.self.name();
    timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("wire-timer-" + name).factory());
    timer.setRemoveOnCancelPolicy(true);
    executor =
        Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("wire-bulk-" + name + "-", 0).factory());
    opener =
        new LinkOpener(
            settings.self,
            settings.version,
            settings.identity == null ? null : settings.identity.sslContext(),
            settings.faults,
            timer,
            settings.handshakeTimeout,
            settings.bulkBuffer);
    bulk = new BulkTransfers(opener, executor, settings.maxMetadata);
    every(Duration.ofSeconds(5), bulk::expire);
    every(
        settings.beat.dividedBy(2),
        () -> connections.forEach(c -> c.beat(settings.beat, settings.maxSilence)));
  }

  /** Begins an endpoint for a host that understands {@code types}. */
  public static Builder builder(HostInfo self, MessageTypes types) {
    return new Builder(self, types);
  }

  /** What this host says about itself. */
  public HostInfo self() {
    return settings.self;
  }

  /** Bulk transfers with other hosts. */
  public BulkTransfers bulk() {
    return bulk;
  }

  /**
   * Opens a connection to a host; blocks at most for the handshake's time-out.
   *
   * @param host who must answer; null if any may, as over a unix socket
   * @throws WireException.Unreachable if nobody answers in time
   * @throws WireException.Untrusted if either side does not accept the other's certificate
   * @throws WireException.WrongHost if another host answers
   * @throws WireException.VersionMismatch if the peer speaks another version
   * @throws WireException.Refused if the peer does not want this host
   */
  public Connection connect(SocketAddress address, @Nullable String host, Handler handler)
      throws WireException {
    return start(opener.dial(address, host, Hello.Kind.MESSAGES), handler);
  }

  /**
   * Opens a connection on which this host sends frames, beside the one for messages, so that
   * neither waits for the other; as {@link #connect}.
   */
  public Connection connectForPackets(SocketAddress address, String host, Handler handler)
      throws WireException {
    return start(opener.dial(address, host, Hello.Kind.PACKETS), handler);
  }

  /** As the other one, where nobody may send packets. */
  public Listener listen(SocketAddress address, Acceptor acceptor) throws IOException {
    return listen(
        address,
        acceptor,
        _ -> {
          throw new WireException.Refused("no packets here");
        });
  }

  /**
   * Accepts connections at an address, for messages, for packets and for bulk.
   *
   * @param acceptor decides about connections for messages; bulk ones need an expected token
   * @param packets decides about {@linkplain #connectForPackets connections for packets}
   */
  public Listener listen(SocketAddress address, Acceptor acceptor, Acceptor packets)
      throws IOException {
    Listener listener =
        Listener.open(
            address,
            settings.bulkBuffer,
            (channel, from, greeted) -> answer(channel, from, acceptor, packets, greeted));
    listeners.add(listener);
    return listener;
  }

  /**
   * Accepts one connection over a channel that the caller has accepted by its own means, for
   * example a unix socket of which it wants to know the peer's pid. Returns after the handshake.
   *
   * @param channel blocking; closed if this throws, else together with the connection
   */
  public Connection adopt(ByteChannel channel, SocketAddress from, Acceptor acceptor)
      throws WireException {
    AtomicReference<@Nullable Handler> handler = new AtomicReference<>();
    OpenLink link =
        opener.answer(
            channel,
            from,
            (peer, kind) -> {
              if (kind != Hello.Kind.MESSAGES) {
                throw new WireException.Refused("only messages here");
              }
              handler.set(acceptor.admit(peer));
            });
    return start(link, admitted(handler));
  }

  /** Closes all connections and listeners; breaks the bulk transfers under way. */
  @Override
  public void close() {
    closed = true;
    listeners.forEach(Listener::close);
    connections.forEach(c -> c.close("the daemon shuts down"));
    bulk.close();
    timer.shutdownNow();
    executor.shutdown();
  }

  /** Runs on a thread of its own, which stays with a bulk connection. */
  private void answer(
      ByteChannel channel,
      SocketAddress from,
      Acceptor acceptor,
      Acceptor packets,
      Runnable greeted) {
    AtomicReference<@Nullable Handler> handler = new AtomicReference<>();
    OpenLink link;
    try {
      link =
          opener.answer(
              channel,
              from,
              (peer, kind) -> {
                switch (kind) {
                  case MESSAGES -> handler.set(acceptor.admit(peer));
                  case PACKETS -> handler.set(packets.admit(peer));
                  case BULK -> {}
                  case UNRECOGNIZED -> throw new WireException.Refused("no such connection");
                }
              });
    } catch (WireException e) {
      LOG.log(Level.WARNING, "a caller was turned away: {0}", e.getMessage());
      return;
    } finally {
      greeted.run();
    }
    if (link.kind() == Hello.Kind.BULK) {
      Thread.currentThread().setName("wire-bulk-from-" + link.peer().name());
      bulk.serve(link);
    } else {
      start(link, admitted(handler));
    }
  }

  private static Handler admitted(AtomicReference<@Nullable Handler> handler) {
    Handler admitted = handler.get();
    if (admitted == null) {
      throw new IllegalStateException("a peer that nobody admitted");
    }
    return admitted;
  }

  private Connection start(OpenLink link, Handler handler) {
    Connection connection =
        new Connection(
            link,
            settings.types,
            handler,
            settings.maxMessage,
            settings.self.name(),
            connections::remove);
    connections.add(connection);
    try {
      connection.start();
    } catch (OutOfMemoryError e) {
      // What the JVM says when the host is out of pids.
      link.link().close();
      connections.remove(connection);
      throw e;
    }
    if (closed) {
      connection.close("the daemon shuts down");
    }
    return connection;
  }

  private void every(Duration period, Runnable task) {
    Runnable always =
        () -> {
          try {
            task.run();
          } catch (OutOfMemoryError e) {
            // No thread for it: the host is out of pids, which may come back.
            LOG.log(Level.WARNING, "{0}; trying again", e.getMessage());
          }
        };
    var _ =
        timer.scheduleAtFixedRate(always, period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Sets up an endpoint; what is not set has a sensible value. One thread. */
  public static final class Builder {
    private final HostInfo self;
    private final MessageTypes types;
    private @Nullable Identity identity;
    private @Nullable LinkFaults faults;
    private Duration handshakeTimeout = Duration.ofSeconds(10);
    private Duration beat = Duration.ofSeconds(1);
    private Duration maxSilence = Duration.ofSeconds(8);
    private int maxMessage = 16 << 20;
    private int maxMetadata = 64 << 20;
    private int bulkBuffer = 4 << 20;
    private int version = Meeting.VERSION;

    private Builder(HostInfo self, MessageTypes types) {
      this.self = self;
      this.types = types;
    }

    /**
     * Speaks TLS over networks, as this identity.
     *
     * @throws IllegalArgumentException if it is the identity of another host
     */
    public Builder identity(Identity value) {
      if (!value.host().equals(self.name())) {
        throw new IllegalArgumentException(
            "%s with the certificate of %s".formatted(self.name(), value.host()));
      }
      identity = value;
      return this;
    }

    /** Injects faults, for tests. */
    public Builder faults(LinkFaults value) {
      faults = value;
      return this;
    }

    /** How long connecting, TLS and greeting may take together; default 10 s. */
    public Builder handshakeTimeout(Duration value) {
      handshakeTimeout = value;
      return this;
    }

    /**
     * How connections are watched.
     *
     * @param every say something at least this often; default 1 s
     * @param limit a peer that says nothing for so long is taken for gone; default 8 s
     */
    public Builder beat(Duration every, Duration limit) {
      beat = every;
      maxSilence = limit;
      return this;
    }

    /** The longest message, in bytes, in both directions; default 16 MiB. */
    public Builder maxMessage(int bytes) {
      maxMessage = bytes;
      return this;
    }

    /** The longest metadata of a bulk transfer, in bytes; default 64 MiB. */
    public Builder maxMetadata(int bytes) {
      maxMetadata = bytes;
      return this;
    }

    /** The kernel's buffer at each end of a bulk connection, in bytes; default 4 MiB. */
    public Builder bulkBuffer(int bytes) {
      bulkBuffer = bytes;
      return this;
    }

    /**
     * Pretends to speak another version of the protocol than {@link Endpoint#PROTOCOL}, for tests.
     */
    public Builder version(int value) {
      version = value;
      return this;
    }

    /** Makes the endpoint; it has no connections yet. */
    public Endpoint open() throws IdentityException {
      return new Endpoint(
          new Settings(
              self,
              types,
              identity,
              faults,
              handshakeTimeout,
              beat,
              maxSilence,
              maxMessage,
              maxMetadata,
              bulkBuffer,
              version));
    }
  }
}
