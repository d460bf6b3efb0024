package hob.daemon.net;

import com.google.protobuf.Message;
import hob.home.net.HostNetwork;
import hob.home.net.PacketWire;
import hob.wire.Connection;
import hob.wire.Endpoint;
import hob.wire.Handler;
import hob.wire.Reply;
import hob.wire.peer.WireException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The connections for packets to and from all other daemons. Any thread. */
public final class PacketLinks implements PacketWire, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(PacketLinks.class.getName());

  private final Endpoint endpoint;
  private final Function<String, Optional<InetSocketAddress>> addresses;
  private final Map<String, PacketLink> links = new ConcurrentHashMap<>();
  private volatile @Nullable HostNetwork network;

  /**
   * None as yet.
   *
   * @param addresses where a host listens; empty when that is not known
   */
  public PacketLinks(Endpoint endpoint, Function<String, Optional<InetSocketAddress>> addresses) {
    this.endpoint = endpoint;
    this.addresses = addresses;
  }

  /** Who gets what comes in; before the first connection. */
  public void tell(HostNetwork to) {
    network = to;
  }

  @Override
  public void send(String peer, ByteBuffer frame) {
    links.computeIfAbsent(peer, this::link).send(frame);
  }

  private PacketLink link(String peer) {
    return new PacketLink(peer, () -> dial(peer));
  }

  private Connection dial(String peer) throws WireException {
    InetSocketAddress address =
        addresses
            .apply(peer)
            .orElseThrow(() -> new WireException.Refused("no address of " + peer + " is known"));
    return endpoint.connectForPackets(address, peer, new Ears(peer));
  }

  /** Handles the connection on which a peer sends packets. */
  public Handler admit(String peer) {
    return new Ears(peer);
  }

  @Override
  public void close() {
    links.values().forEach(PacketLink::close);
  }

  private final class Ears implements Handler {
    private final String peer;

    private Ears(String peer) {
      this.peer = peer;
    }

    @Override
    public void frame(Connection connection, ByteBuffer body) {
      HostNetwork to = network;
      while (to != null && body.remaining() > PacketLink.LENGTH) {
        int length = body.getInt();
        if (length < 0 || length > body.remaining()) {
          throw new IllegalArgumentException("a packet that ends too late");
        }
        to.frame(peer, body.slice(body.position(), length));
        body.position(body.position() + length);
      }
    }

    @Override
    public void message(Connection connection, Message message) {
      LOG.log(System.Logger.Level.DEBUG, "{0} sent {1} with packets", peer, message.getClass());
    }

    @Override
    public void request(Connection connection, Message request, Reply reply) {
      reply.fail("unknown", "only packets here");
    }
  }
}
