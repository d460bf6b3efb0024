package hob.home.net;

import hob.image.proto.SessionNetwork;
import hob.linux.Fd;
import hob.linux.Poller;
import hob.linux.net.Diversion;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What a host does for the network of processes abroad: for its own that are away, and for others'
 * that are here. Nothing is set up before it is needed, and nothing outlives the daemon. Any
 * thread.
 */
public final class HostNetwork implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(HostNetwork.class.getName());

  private final PacketWire wire;
  private final Executor executor;
  private final boolean on;
  private final Map<String, GuestNetwork> guests = new ConcurrentHashMap<>();
  // Guarded by this.
  private @Nullable Poller poller;
  private @Nullable HomeSide homeSide;
  private @Nullable CompletableFuture<Fd> program;

  private HostNetwork(PacketWire wire, Executor executor, boolean on) {
    this.wire = wire;
    this.executor = executor;
    this.on = on;
  }

  /** One that works, as far as the kernel allows. */
  public static HostNetwork over(PacketWire wire, Executor executor) {
    return new HostNetwork(wire, executor, true);
  }

  /** None: processes abroad have their own loopback only. */
  public static HostNetwork none() {
    return new HostNetwork((_, _) -> {}, Runnable::run, false);
  }

  private synchronized Poller poller() {
    if (poller == null) {
      poller = new Poller("hob-network");
    }
    return poller;
  }

  private synchronized HomeSide home() {
    if (homeSide == null) {
      homeSide = new HomeSide(wire, poller(), executor);
    }
    return homeSide;
  }

  private synchronized CompletableFuture<Fd> program() {
    if (program == null) {
      program =
          CompletableFuture.supplyAsync(() -> Diversion.ofStrangers(GuestNetwork.DEVICE), executor);
    }
    return program;
  }

  // ------------------------------------------------------------------ as a home

  /**
   * A session of this home is about to leave.
   *
   * @return what it has abroad; null for nothing
   */
  public @Nullable SessionNetwork leaving(String session) {
    return on ? home().leaving(session) : null;
  }

  /**
   * A connection of a session that is about to leave this host, its home: its packets wait from now
   * on for where it goes; they are the home's own again after {@link #back}.
   *
   * @param name its own {@code struct sockaddr}
   * @param peer the other end's
   * @return false when it cannot leave
   */
  public boolean keep(String session, byte[] name, byte[] peer) {
    return on && home().keep(session, FlowKey.ofConnection(name, peer));
  }

  /** The sockets of a session are about to be made here, at its home. */
  public void makeRoom(String session) {
    if (on) {
      home().makeRoom(session);
    }
  }

  /** Whether processes abroad have a network, as far as is known. */
  public boolean works() {
    return on && home().works();
  }

  /** A session of this home runs at another host now. */
  public void at(String session, String host) {
    if (on) {
      home().at(session, host);
    }
  }

  /**
   * A session of this home is no more. What its closed sockets have to send still goes out, until
   * the host where it was says that there is none.
   */
  public void over(String session) {
    if (on) {
      home().over(session);
    }
  }

  /** A session of this home runs here. */
  public void back(String session) {
    if (on) {
      home().back(session);
    }
  }

  // ------------------------------------------------------------------ as a foreign host

  /**
   * Begins to make the network of a sandbox.
   *
   * @param init pid here of its init process
   * @return null when it gets none
   */
  public @Nullable GuestNetwork enter(
      String session, String home, int init, SessionNetwork settings) {
    if (!on || settings.getAddressesCount() == 0) {
      return null;
    }
    GuestNetwork guest =
        new GuestNetwork(
            session,
            home,
            init,
            settings,
            program(),
            poller(),
            executor,
            packet -> wire.send(home, new Frame(Frame.PACKET, session, packet).bytes()));
    guests.put(session, guest);
    return guest;
  }

  /** The session has ended here. */
  public void ended(GuestNetwork guest) {
    guest.closeSoon(() -> {
      guests.remove(guest.session(), guest);
      wire.send(guest.home(), new Frame(Frame.GONE, guest.session(), new byte[0]).bytes());
    });
  }

  /** The session has left; what has come for it meanwhile goes back to its home. */
  public void leave(GuestNetwork guest) {
    guests.remove(guest.session(), guest);
    for (byte[] packet : guest.take()) {
      wire.send(guest.home(), new Frame(Frame.RETURN, guest.session(), packet).bytes());
    }
    guest.close();
  }

  // ------------------------------------------------------------------ what others say

  /** Takes a frame of another host; the thread of the connection. */
  public void frame(String peer, ByteBuffer bytes) {
    if (!on) {
      return;
    }
    Frame f = Frame.of(bytes);
    switch (f.kind()) {
      case Frame.PACKET -> {
        GuestNetwork guest = guests.get(f.session());
        if (guest == null) {
          home().sent(peer, f.session(), f.body());
        } else if (guest.home().equals(peer)) {
          guest.inject(f.body());
        }
      }
      case Frame.ASK -> executor.execute(() -> asked(peer, f.body()));
      case Frame.TELL -> home().told(peer, f.session(), f.body());
      case Frame.GONE -> home().gone(f.session());
      case Frame.RETURN -> home().returned(f.body());
      default -> LOG.log(System.Logger.Level.WARNING, "{0} sent a frame of another version", peer);
    }
  }

  private void asked(String peer, byte[] body) {
    if (body.length != Questions.BYTES) {
      return;
    }
    int protocol = body[4] & 0xff;
    int port = Packet.number(body, 5);
    List<GuestNetwork> candidates =
        guests.values().stream().filter(g -> g.home().equals(peer)).toList();
    String session =
        candidates.stream()
            .filter(g -> g.listens(protocol, port))
            .map(GuestNetwork::session)
            .findFirst()
            .orElse("");
    wire.send(peer, new Frame(Frame.TELL, session, body).bytes());
  }

  @Override
  public synchronized void close() {
    guests.values().forEach(GuestNetwork::close);
    if (homeSide != null) {
      homeSide.close();
    }
  }
}
