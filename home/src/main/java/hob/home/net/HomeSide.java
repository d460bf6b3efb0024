package hob.home.net;

import hob.image.proto.SessionNetwork;
import hob.linux.LinuxException;
import hob.linux.Poller;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * This host as a home: which packets are whose of the sessions that are away. Any thread; one lock,
 * this object's own.
 */
final class HomeSide implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(HomeSide.class.getName());

  /** Ports that no kernel gives by itself, as its range ends before them. */
  private static final int FIRST_PORT = 61_000;

  private static final int PORTS = 256;
  private static final int BLOCKS = (65_535 - FIRST_PORT) / PORTS;
  private static final int MOST_HELD = 1024;
  private static final int MOST_FLOWS = 8192;
  private static final long CLOSING_SECONDS = 5;
  private static final long IDLE_SECONDS = 1;
  private static final long OVER_SECONDS = 60;

  /** A session that is away, or about to be; without a host while it leaves this one. */
  private static final class Away {
    private final String session;
    private @Nullable String host;
    private final List<byte[]> held = new ArrayList<>();
    private final Map<FlowKey, Flow> flows = new HashMap<>();
    private final Set<Integer> ports = new HashSet<>();
    private final Set<Integer> claimed = new HashSet<>();

    private boolean over;
    private boolean gone;

    private Away(String session) {
      this.session = session;
    }
  }

  /** A flow of a session; TCP's is over when both ends have said so. */
  private static final class Flow {
    private final Away away;
    private boolean claimed;
    private boolean endedHere;
    private boolean endedThere;

    private Flow(Away away) {
      this.away = away;
    }
  }

  private final PacketWire wire;
  private final Poller poller;
  private final Executor executor;
  private final Questions questions;
  // All guarded by this.
  private final Map<String, Away> sessions = new HashMap<>();
  private final Map<FlowKey, Flow> flows = new HashMap<>();
  private final Map<Integer, Away> ports = new HashMap<>();
  private final Claims claims = new Claims();
  private @Nullable Diverter diverter;
  private HostAddresses addresses = new HostAddresses(List.of(), List.of(), 0);
  private boolean impossible;
  private int blocks;

  HomeSide(PacketWire wire, Poller poller, Executor executor) {
    this.wire = wire;
    this.poller = poller;
    this.executor = executor;
    this.questions = new Questions(wire, executor, this::refuse);
  }

  // ------------------------------------------------------------------ sessions

  /**
   * A session is about to leave this host.
   *
   * @return what it will have of the network; null when this host cannot give it any
   */
  synchronized @Nullable SessionNetwork leaving(String session) {
    if (impossible) {
      return null;
    }
    if (diverter == null) {
      addresses = HostAddresses.now();
      executor.execute(this::begin);
    }
    sessions.computeIfAbsent(session, Away::new);
    return addresses.settings(FIRST_PORT + PORTS * (blocks++ % BLOCKS), PORTS);
  }

  synchronized boolean works() {
    return !impossible;
  }

  private synchronized void begin() {
    if (diverter != null || impossible) {
      return;
    }
    try {
      diverter = new Diverter(poller, this::arrived);
      diverter.watch(addresses);
    } catch (LinuxException e) {
      impossible = true;
      LOG.log(
          System.Logger.Level.WARNING,
          "processes abroad have no network: this host cannot divert packets: {0}",
          e.getMessage());
    }
  }

  /** A session that left this host is at {@code host} now. */
  void at(String session, String host) {
    List<byte[]> held;
    synchronized (this) {
      Away a = sessions.get(session);
      if (a == null) {
        return;
      }
      a.host = host;
      claimAll(a);
      held = List.copyOf(a.held);
      a.held.clear();
    }
    held.forEach(p -> send(host, session, p));
  }

  /** A session has ended; its network ends with {@link #gone}, or a minute later. */
  void over(String session) {
    synchronized (this) {
      Away a = sessions.get(session);
      if (a != null && a.host != null && !a.flows.isEmpty() && !a.gone) {
        a.over = true;
        CompletableFuture.delayedExecutor(OVER_SECONDS, TimeUnit.SECONDS, executor)
            .execute(() -> gone(session));
        return;
      }
    }
    back(session);
  }

  /** Nothing of an ended session's network is left anywhere. */
  synchronized void gone(String session) {
    Away a = sessions.get(session);
    if (a != null) {
      a.gone = true;
      if (a.over) {
        back(session);
      }
    }
  }

  /** A session is home again: all for it is this host's own again. */
  synchronized void back(String session) {
    Away a = sessions.remove(session);
    if (a == null) {
      return;
    }
    List.copyOf(a.flows.keySet()).forEach(this::forget);
    for (int port : a.ports) {
      unclaim(port);
    }
    Diverter d = diverter;
    if (d != null) {
      a.held.forEach(d::send);
    }
    if (sessions.isEmpty()) {
      CompletableFuture.delayedExecutor(IDLE_SECONDS, TimeUnit.SECONDS, executor)
          .execute(this::endIdle);
    }
  }

  private synchronized void endIdle() {
    if (sessions.isEmpty() && diverter != null) {
      diverter.close();
      diverter = null;
    }
  }

  /**
   * A connection of a session that is leaving: from now on its packets wait for where it goes.
   *
   * @return false when this host cannot
   */
  synchronized boolean keep(String session, FlowKey key) {
    begin();
    Away a = sessions.get(session);
    Diverter d = diverter;
    if (a == null || d == null) {
      return false;
    }
    if (!flows.containsKey(key)) {
      Flow flow = new Flow(a);
      flows.put(key, flow);
      a.flows.put(key, flow);
      d.divert(key);
    }
    return true;
  }

  /** A session's sockets are about to be made here: its ports are not kept from them. */
  synchronized void makeRoom(String session) {
    Away a = sessions.get(session);
    if (a != null) {
      a.flows.forEach((key, flow) -> {
        if (flow.claimed) {
          claims.release(key.protocol(), key.localPort());
          flow.claimed = false;
        }
      });
      a.claimed.forEach(p -> claims.release(p >> 16, p & 0xffff));
      a.claimed.clear();
    }
  }

  /** It is away: its ports are kept from others as far as these have them not yet. */
  private void claimAll(Away a) {
    a.flows.forEach(
        (key, flow) -> flow.claimed = flow.claimed || claims.take(key.protocol(), key.localPort()));
    for (int p : a.ports) {
      if (!a.claimed.contains(p) && claims.take(p >> 16, p & 0xffff)) {
        a.claimed.add(p);
      }
    }
  }

  // ------------------------------------------------------------------ packets

  /** A session's process has sent a packet. */
  void sent(String peer, String session, byte[] bytes) {
    Packet p = Packet.of(bytes);
    if (p == null || p.sourcePort() == 0) {
      return;
    }
    boolean mine;
    synchronized (this) {
      Away a = sessions.get(session);
      if (a == null || !isOurs(p.source())) {
        return;
      }
      begin();
      Diverter d = diverter;
      if (d == null) {
        return;
      }
      mine = has(a, p, d);
      if (mine) {
        d.send(bytes);
        note(p, flows.get(p.outgoing()), true);
      }
    }
    byte[] answer = mine ? null : Answer.refusing(p);
    if (answer != null) {
      send(peer, session, answer);
    }
  }

  private boolean isOurs(byte[] source) {
    if (source.length == 4 ? source[0] == 127 : isLoopback(source)) {
      return true;
    }
    return addresses.addresses().stream().anyMatch(a -> Arrays.equals(a, source));
  }

  private static boolean isLoopback(byte[] wide) {
    return wide[15] == 1 && Arrays.equals(Arrays.copyOf(wide, 15), new byte[15]);
  }

  /** Whether a session may send a packet; it gets the port when nobody has it. */
  private boolean has(Away a, Packet p, Diverter d) {
    if (p.protocol() == Packet.UDP) {
      return claim(a, p.protocol(), p.sourcePort(), d);
    }
    FlowKey key = p.outgoing();
    Flow flow = flows.get(key);
    if (flow != null) {
      return flow.away == a;
    }
    return !p.resets() && add(a, key, d);
  }

  private boolean add(Away a, FlowKey key, Diverter d) {
    boolean own = ports.get(port(key.protocol(), key.localPort())) == a;
    if (a.flows.size() >= MOST_FLOWS || !own && !claims.take(key.protocol(), key.localPort())) {
      return false;
    }
    Flow flow = new Flow(a);
    flow.claimed = !own;
    flows.put(key, flow);
    a.flows.put(key, flow);
    d.divert(key);
    return true;
  }

  private static int port(int protocol, int port) {
    return protocol << 16 | port;
  }

  private boolean claim(Away a, int protocol, int number, Diverter d) {
    Away owner = ports.get(port(protocol, number));
    if (owner != null) {
      return owner == a;
    }
    if (a.ports.size() >= MOST_FLOWS || !claims.take(protocol, number)) {
      return false;
    }
    ports.put(port(protocol, number), a);
    a.ports.add(port(protocol, number));
    a.claimed.add(port(protocol, number));
    d.divert(protocol, number);
    return true;
  }

  private void unclaim(int port) {
    Away a = ports.remove(port);
    if (a != null) {
      Diverter d = diverter;
      if (d != null) {
        d.leave(port >> 16, port & 0xffff);
      }
      if (a.claimed.remove(port)) {
        claims.release(port >> 16, port & 0xffff);
      }
    }
  }

  private void forget(FlowKey key) {
    Flow flow = flows.remove(key);
    if (flow != null) {
      flow.away.flows.remove(key);
      Diverter d = diverter;
      if (d != null) {
        d.leave(key);
      }
      if (flow.claimed) {
        claims.release(key.protocol(), key.localPort());
      }
    }
  }

  /** Follows a connection to its end. */
  private void note(Packet p, @Nullable Flow flow, boolean fromThere) {
    if (flow == null || p.protocol() != Packet.TCP) {
      return;
    }
    FlowKey key = fromThere ? p.outgoing() : p.incoming();
    if (p.resets()) {
      forget(key);
      if (fromThere
          && flow.away.ports.contains(port(Packet.TCP, p.sourcePort()))
          && p.acknowledges()) {
        notListening(flow.away, p.sourcePort());
      }
      return;
    }
    flow.endedThere |= p.ends() && fromThere;
    flow.endedHere |= p.ends() && !fromThere;
    if (p.ends() && flow.endedHere && flow.endedThere) {
      CompletableFuture.delayedExecutor(CLOSING_SECONDS, TimeUnit.SECONDS, executor)
          .execute(() -> {
            synchronized (this) {
              if (flows.get(key) == flow) {
                forget(key);
              }
            }
          });
    }
  }

  /** It is asked again when somebody wants the port. */
  private void notListening(Away a, int number) {
    boolean used = a.flows.keySet().stream().anyMatch(k -> k.localPort() == number);
    if (!used && a.ports.remove(port(Packet.TCP, number))) {
      unclaim(port(Packet.TCP, number));
    }
  }

  /** A packet that is not for this host's own sockets; the poller's thread. */
  private void arrived(byte[] bytes) {
    Packet p = Packet.of(bytes);
    if (p != null && !deliver(p)) {
      Set<String> hosts = hosts();
      if (p.begins() || p.protocol() == Packet.UDP) {
        questions.ask(p, hosts);
      }
    }
  }

  private synchronized Set<String> hosts() {
    Set<String> hosts = new HashSet<>();
    for (Away a : sessions.values()) {
      if (a.host != null) {
        hosts.add(a.host);
      }
    }
    return hosts;
  }

  private boolean deliver(Packet p) {
    String host;
    String session;
    synchronized (this) {
      FlowKey key = p.incoming();
      Flow flow = flows.get(key);
      Away a = flow == null ? ports.get(port(p.protocol(), p.destinationPort())) : flow.away;
      Diverter d = diverter;
      if (a == null || d == null) {
        return false;
      }
      if (flow == null && p.protocol() == Packet.TCP && add(a, key, d)) {
        flow = flows.get(key);
      }
      note(p, flow, false);
      session = a.session;
      host = a.host;
      if (host == null) {
        if (a.held.size() < MOST_HELD) {
          a.held.add(p.bytes());
        }
        return true;
      }
    }
    send(host, session, p.bytes());
    return true;
  }

  /** A host has had a packet for a session that was about to leave it. */
  void returned(byte[] bytes) {
    Packet p = Packet.of(bytes);
    if (p != null && !deliver(p)) {
      synchronized (this) {
        if (diverter != null) {
          diverter.send(bytes);
        }
      }
    }
  }

  /** What a host said to a question: a session's name, or none. */
  void told(String peer, String session, byte[] question) {
    Questions.Told told = questions.told(peer, question, !session.isEmpty());
    if (told == null) {
      return;
    }
    boolean mine;
    synchronized (this) {
      Away a = sessions.get(session);
      Diverter d = diverter;
      mine = a != null && d != null && claim(a, told.protocol(), told.port(), d);
    }
    for (Packet p : told.waiting()) {
      if (!mine || !deliver(p)) {
        refuse(p);
      }
    }
  }

  private void refuse(Packet p) {
    byte[] answer = Answer.refusing(p);
    if (answer == null) {
      return;
    }
    Away asker;
    synchronized (this) {
      Flow flow = flows.get(p.outgoing());
      Away owner = flow == null ? ports.get(port(p.protocol(), p.sourcePort())) : flow.away;
      asker = isOurs(p.source()) ? owner : null;
      if (asker == null && diverter != null) {
        diverter.send(answer);
      }
    }
    if (asker != null && asker.host != null) {
      send(asker.host, asker.session, answer);
    }
  }

  private void send(String host, String session, byte[] packet) {
    wire.send(host, new Frame(Frame.PACKET, session, packet).bytes());
  }

  static ByteBuffer question(byte[] body) {
    return new Frame(Frame.ASK, "", body).bytes();
  }

  @Override
  public synchronized void close() {
    if (diverter != null) {
      diverter.close();
      diverter = null;
    }
    impossible = true;
    claims.close();
  }
}
