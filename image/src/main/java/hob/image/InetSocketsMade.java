package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.InetSocket;
import hob.image.proto.OpenFile;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.Socket;
import hob.linux.SocketMessage;
import hob.linux.Sys;
import hob.linux.TcpRepair;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * All internet sockets of an image, made together. Listeners first; then TCP connections, both ends
 * at once ({@link TcpPair}); then clients that wait for accept(2); then datagram sockets, whose
 * queues are filled before they get a peer that keeps others out. Options come twice: what must
 * stand before an address is given, and all when a socket is complete. The calling thread is in the
 * tree's network namespace.
 */
final class InetSocketsMade implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(InetSocketsMade.class.getName());
  private static final int IPPROTO_TCP = 6;
  private static final Set<Integer> ICMP = Set.of(1, 58);
  private static final int LISTEN = 10;
  private static final int CLOSE = 7;
  private static final int SYN_SENT = 2;
  private static final int SO_REUSEADDR = 2;
  private static final int SO_REUSEPORT = 15;
  private static final int IP_FREEBIND = 15;
  private static final int SOL_IP = 0;

  private final Map<Long, InetSocket> images = new LinkedHashMap<>();
  private final Map<Long, Fd> made = new HashMap<>();
  private final List<OutsideConnection> outside = new ArrayList<>();

  InetSocketsMade(TreeFiles tree) {
    for (OpenFile f : tree.images()) {
      if (f.getKind() == OpenFile.Kind.INET_SOCKET) {
        images.put(f.getInetSocket().getInode(), f.getInetSocket());
      }
    }
  }

  /** The socket that had this inode at the source. */
  Fd socket(long inode) {
    Fd fd = made.get(inode);
    if (fd == null) {
      throw new LinuxException("socket", Errno.ENOENT, "internet socket " + inode);
    }
    return fd;
  }

  /** Makes all. */
  void make() {
    List<InetSocket> clients = new ArrayList<>();
    for (InetSocket s : images.values()) {
      if (s.getProtocol() != IPPROTO_TCP) {
        made.put(s.getInode(), bound(s));
      } else if (s.getState() == LISTEN) {
        Fd fd = bound(s);
        made.put(s.getInode(), fd);
        Socket.listen(fd, s.getBacklog());
      }
    }
    for (InetSocket s : images.values()) {
      if (made.containsKey(s.getInode())) {
        continue;
      }
      if (s.getWaitsForAccept() || s.getState() == SYN_SENT) {
        clients.add(s);
      } else if (s.getState() == CLOSE && !s.getEnded()) {
        made.put(s.getInode(), bound(s));
      } else if (s.hasOutside()) {
        OutsideConnection c = new OutsideConnection(s);
        outside.add(c);
        made.put(s.getInode(), c.socket());
      } else {
        pair(s);
      }
    }
    clients.forEach(this::client);
    datagrams();
    for (InetSocket s : images.values()) {
      SocketOptions.set(socket(s.getInode()), s.getOptionsList(), true);
    }
  }

  private void pair(InetSocket s) {
    InetSocket other = images.get(s.getOther());
    if (other != null) {
      Fd[] ends = new TcpPair(s, other).make();
      made.put(s.getInode(), ends[0]);
      made.put(other.getInode(), ends[1]);
      return;
    }
    // The other end is closed: one is made that closes again.
    Fd[] ends = new TcpPair(s, TcpPair.closedEnd(s)).make();
    made.put(s.getInode(), ends[0]);
    ends[1].close();
  }

  private void client(InetSocket s) {
    // Its port was its own alone, but for what is left of connections that it had before.
    Fd fd = bound(s, true);
    made.put(s.getInode(), fd);
    TcpRepair.off(fd);
    Sys.check(fd.fcntl(4, Fd.O_NONBLOCK), "fcntl", "F_SETFL");
    long r = Socket.connect(fd, s.getPeer().toByteArray());
    if (!Errno.EINPROGRESS.is(r)) {
      Sys.check(r, "connect", "to a listener of the tree");
    }
    Sys.check(fd.fcntl(4, 0), "fcntl", "F_SETFL");
    if (s.getEndSent()) {
      Sys.check(Socket.shutdown(fd, 1), "shutdown", 1);
    }
  }

  /** A new socket with its address, which may be one that this host lacks. */
  static Fd bound(InetSocket s) {
    return bound(s, false);
  }

  /**
   * A new socket with its address.
   *
   * @param repair in TCP_REPAIR: then a listener may have the same address
   */
  static Fd bound(InetSocket s, boolean repair) {
    if (ICMP.contains(s.getProtocol()) && s.getType() == Socket.SOCK_DGRAM) {
      // A new namespace lets nobody have such sockets; the source's did.
      ProcFs.write("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
    }
    Fd fd = Socket.open(s.getDomain(), s.getType(), s.getProtocol());
    if (repair) {
      TcpRepair.on(fd);
    }
    SocketOptions.set(fd, s.getOptionsList(), false);
    boolean named = s.getBound() || !InetName.any(s.getName().toByteArray());
    if (named) {
      if (!repair) {
        Socket.setOption(fd, Socket.SOL_SOCKET, SO_REUSEADDR, 1);
      }
      int free = Socket.option(fd, SOL_IP, IP_FREEBIND);
      Socket.setOption(fd, SOL_IP, IP_FREEBIND, 1);
      byte[] name = s.getName().toByteArray();
      long r = Socket.bind(fd, name);
      if (Errno.EADDRINUSE.is(r)
          && s.getProtocol() == IPPROTO_TCP
          && TcpOrphans.endWaitingAt(name)) {
        r = Socket.bind(fd, name);
      }
      if (Errno.EADDRINUSE.is(r)) {
        fd.close();
        throw new Collection.Refused(taken(s, name));
      }
      Sys.check(r, "bind", "port " + InetName.port(name));
      Socket.setOption(fd, SOL_IP, IP_FREEBIND, free);
    }
    return fd;
  }

  /** Only where it comes home: a sandbox has its own ports, and those of the home stay taken. */
  private static Refusal taken(InetSocket s, byte[] name) {
    String protocol = s.getProtocol() == IPPROTO_TCP ? "TCP" : "UDP";
    return new Refusal(
        0,
        "port",
        "another program has %s port %d on the target".formatted(protocol, InetName.port(name)));
  }

  private void datagrams() {
    for (InetSocket s : images.values()) {
      s.getQueueList().forEach(m -> queue(s, m));
    }
    for (InetSocket s : images.values()) {
      Fd fd = socket(s.getInode());
      if (s.getProtocol() == IPPROTO_TCP) {
        continue;
      }
      if (!s.getPeer().isEmpty()) {
        Sys.check(Socket.connect(fd, s.getPeer().toByteArray()), "connect", "datagram socket");
      }
      if (s.getShutdown() != 0) {
        // ENOTCONN comes of a socket without a peer, and yet it is shut down.
        long r = Socket.shutdown(fd, s.getShutdown() - 1);
        if (!Errno.ENOTCONN.is(r)) {
          Sys.check(r, "shutdown", s.getShutdown());
        }
      }
    }
  }

  /** A datagram is sent anew by whom it came from, or by one with that address for this while. */
  private void queue(InetSocket to, hob.image.proto.SocketMessage m) {
    byte[] sender = m.getSender().toByteArray();
    byte[] at = to.getName().toByteArray();
    SocketMessage message =
        new SocketMessage(m.getData().toByteArray(), new byte[0], List.of(), List.of());
    Optional<InetSocket> known =
        images.values().stream()
            .filter(s -> s.getProtocol() == to.getProtocol())
            .filter(s -> s.getName().equals(ByteString.copyFrom(sender)))
            .findFirst();
    byte[] destination = InetName.any(at) ? InetName.toLoopback(at) : at;
    if (known.isPresent()) {
      told(Socket.send(socket(known.get().getInode()), message, destination));
      return;
    }
    try (Fd stranger = Socket.open(to.getDomain(), to.getType(), to.getProtocol())) {
      Socket.setOption(stranger, Socket.SOL_SOCKET, SO_REUSEADDR, 1);
      Socket.setOption(stranger, Socket.SOL_SOCKET, SO_REUSEPORT, 1);
      long r = Socket.bind(stranger, sender);
      told(Sys.failed(r) ? r : Socket.send(stranger, message, destination));
    }
  }

  private static void told(long r) {
    if (Sys.failed(r)) {
      LOG.log(System.Logger.Level.DEBUG, "a datagram in a queue is lost: errno {0}", -r);
    }
  }

  /** Connections with others go on. */
  void commit() {
    outside.forEach(OutsideConnection::commit);
    outside.clear();
  }

  /** The tree will not run here; nobody hears of that. */
  void discard() {
    outside.forEach(OutsideConnection::close);
    outside.clear();
  }

  @Override
  public void close() {
    made.values().forEach(Fd::close);
  }
}
