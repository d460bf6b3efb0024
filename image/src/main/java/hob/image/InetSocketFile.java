package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.InetSocket;
import hob.image.proto.OpenFile;
import hob.image.proto.TcpOutside;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.SockDiag;
import hob.linux.Socket;
import hob.linux.SocketMessage;
import hob.linux.TcpRepair;
import java.util.List;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * TCP, UDP, ICMP and raw sockets: those that listen, those that are not connected, and those whose
 * other end is in the tree or closed.
 */
final class InetSocketFile implements FileKind {
  private static final int IPPROTO_TCP = 6;
  private static final int SO_REUSEADDR = 2;
  private static final int FIN_WAIT1 = 4;
  private static final int FIN_WAIT2 = 5;
  private static final int CLOSE = 7;
  private static final int CLOSE_WAIT = 8;
  private static final int LAST_ACK = 9;
  private static final int LISTEN = 10;
  private static final int CLOSING = 11;
  private static final int SYN_SENT = 2;
  private static final int MOMENTS = 1000;
  private static final String STAYS = "is a TCP connection with a process outside of the tree";
  private static final String ELSEWHERE = "is a TCP connection that leads to another host";
  private static final List<Integer> END_SENT = List.of(FIN_WAIT1, FIN_WAIT2, LAST_ACK, CLOSING);
  private static final List<Integer> END_RECEIVED = List.of(CLOSE_WAIT, LAST_ACK, CLOSING);

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.INET_SOCKET;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    String p = d.protocol();
    return p.startsWith("TCP")
        || p.startsWith("UDP")
        || p.startsWith("RAW")
        || p.startsWith("PING");
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return null;
  }

  private static Collection.Refused refused(
      FrozenProcess p, ProcessFacts.FdFacts d, String reason) {
    return new Collection.Refused(
        new Refusal(p.pid(), "socket", "descriptor " + d.number() + " " + reason));
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    out.setKind(kind());
    try (Fd fd = SocketSurvey.here(p, d)) {
      InetSocket.Builder s =
          InetSocket.newBuilder()
              .setDomain(Socket.option(fd, Socket.SOL_SOCKET, Socket.SO_DOMAIN))
              .setType(Socket.option(fd, Socket.SOL_SOCKET, Socket.SO_TYPE))
              .setProtocol(Socket.option(fd, Socket.SOL_SOCKET, Socket.SO_PROTOCOL))
              .setInode(d.stat().inode());
      s.addAllOptions(SocketOptions.of(fd, s.getDomain()));
      byte[] name = Socket.name(fd);
      byte[] peer = Socket.peer(fd);
      s.setName(ByteString.copyFrom(name)).setBound(InetName.has(name) && InetName.port(name) != 0);
      if (peer != null) {
        s.setPeer(ByteString.copyFrom(peer));
      }
      SockDiag.Inet known = tree.sockets().inet(p.pid()).get(d.stat().inode());
      if (known != null) {
        s.setShutdown(known.shutdown());
      }
      if (s.getProtocol() == IPPROTO_TCP) {
        tcp(p, d, tree, fd, s, known, out);
      } else {
        datagrams(fd, s);
      }
      out.setInetSocket(s);
    }
  }

  private static void datagrams(Fd fd, InetSocket.Builder s) {
    for (SocketMessage m : SocketQueue.of(fd)) {
      s.addQueue(
          hob.image.proto.SocketMessage.newBuilder()
              .setData(ByteString.copyFrom(m.data()))
              .setSender(ByteString.copyFrom(m.sender())));
    }
  }

  private static void tcp(
      FrozenProcess p,
      ProcessFacts.FdFacts d,
      Collection tree,
      Fd fd,
      InetSocket.Builder s,
      SockDiag.@Nullable Inet known,
      OpenFile.Builder out) {
    int state = TcpRepair.state(fd);
    s.setState(state);
    s.setEndSent(END_SENT.contains(state)).setEndReceived(END_RECEIVED.contains(state));
    if (state == LISTEN) {
      s.setBacklog(known == null ? 128 : known.sent());
      return;
    }
    if (state == CLOSE) {
      closed(fd, s);
      return;
    }
    byte[] name = s.getName().toByteArray();
    byte[] peer = s.getPeer().toByteArray();
    if (state != SYN_SENT && isOutside(tree, p.pid(), name, peer)) {
      if (!tree.standIns().keepsConnection(name, peer)) {
        throw new Collection.Refused(
            new Refusal(p.pid(), Refusal.OUTSIDE, "descriptor " + d.number() + " " + STAYS));
      }
      s.setOutside(TcpOutside.getDefaultInstance());
      queues(fd, s);
      tree.sockets().hold(SocketSurvey.here(p, d), out);
      return;
    }
    String reason = outside(tree.sockets(), p.pid(), state, name, peer, known, tree.sockets()::has);
    if (reason != null) {
      throw refused(p, d, reason);
    }
    if (state == SYN_SENT) {
      return;
    }
    SocketSurvey.TcpEnd other =
        tree.sockets().tcpEnd(p.pid(), InetName.key(peer), InetName.key(name));
    if (other.waiting()) {
      s.setWaitsForAccept(true);
    }
    s.setOther(other.inode());
    queues(fd, s);
    tree.sockets().hold(SocketSurvey.here(p, d), out);
  }

  /** Whether the other end of a connection is none of the tree's, and not closed either. */
  private static boolean isOutside(Collection tree, int pid, byte[] name, byte[] peer) {
    SocketSurvey survey = tree.sockets();
    SocketSurvey.TcpEnd other = survey.tcpEnd(pid, InetName.key(peer), InetName.key(name));
    if (!other.found()) {
      return tree.standIns().hasHomesNetwork()
          || !InetName.loopback(peer) && !InetName.sameAddress(name, peer);
    }
    return other.inode() == 0
        ? other.waiting() && !survey.listensAt(pid, InetName.port(peer))
        : !survey.has(other.inode());
  }

  /** Whether a sentence of {@link #outside} says that the other end stays. */
  static boolean isOutside(String sentence) {
    return sentence.equals(STAYS) || sentence.equals(ELSEWHERE);
  }

  /**
   * Why a TCP socket cannot move because of what is at its other end: the rest of a sentence; null
   * when it can.
   *
   * @param known it, as the kernel lists it
   * @param has whether the socket with an inode is in the tree
   */
  static @Nullable String outside(
      SocketSurvey survey, int pid, SockDiag.Inet known, LongPredicate has) {
    if (known.state() == LISTEN || known.state() == CLOSE) {
      return null;
    }
    byte[] name = InetName.name(known.family(), known.tuple(), 0);
    byte[] peer = InetName.name(known.family(), known.tuple(), 1);
    return outside(survey, pid, known.state(), name, peer, known, has);
  }

  private static @Nullable String outside(
      SocketSurvey survey,
      int pid,
      int state,
      byte[] name,
      byte[] peer,
      SockDiag.@Nullable Inet known,
      LongPredicate has) {
    if (state == SYN_SENT) {
      return known == null || !InetName.loopback(InetName.withPort(name, 0))
          ? "is connecting to a host outside of the tree"
          : null;
    }
    SocketSurvey.TcpEnd other = survey.tcpEnd(pid, InetName.key(peer), InetName.key(name));
    if (other.inode() != 0 && !has.test(other.inode())) {
      return STAYS;
    }
    if (!other.found() && !InetName.loopback(peer) && !InetName.sameAddress(name, peer)) {
      return ELSEWHERE;
    }
    if (other.found() && other.inode() == 0 && !other.waiting() && other.sent() > 1) {
      return "is a TCP connection whose other end was closed with data that is still to arrive";
    }
    return other.waiting() && other.received() > 0
        ? "has sent data to who has not accepted its connection yet"
        : null;
  }

  /** A socket that was connected once reads the end; one that never was has an error. */
  private static void closed(Fd fd, InetSocket.Builder s) {
    SocketMessage m = Socket.peek(fd);
    if (m != null) {
      s.setEnded(true).setReceived(ByteString.copyFrom(Socket.peekStream(fd, unread(fd))));
    }
  }

  private static int unread(Fd fd) {
    return SocketQueue.count(fd, SocketQueue.FIONREAD);
  }

  private static void queues(Fd fd, InetSocket.Builder s) {
    int reuse = Socket.option(fd, Socket.SOL_SOCKET, SO_REUSEADDR);
    TcpRepair.on(fd);
    try {
      TcpRepair.queue(fd, TcpRepair.SEND_QUEUE);
      s.setSendSequence(TcpRepair.sequence(fd));
      int size = SocketQueue.count(fd, SocketQueue.SIOCOUTQ);
      s.setSent(ByteString.copyFrom(Socket.peekStream(fd, size)));
      if (s.hasOutside()) {
        s.setOutside(agreements(fd));
      }
      received(fd, s);
      TcpRepair.queue(fd, 0);
    } finally {
      TcpRepair.offSilently(fd, reuse);
    }
  }

  private static TcpOutside agreements(Fd fd) {
    TcpRepair.Agreed agreed = TcpRepair.agreed(fd);
    TcpOutside.Builder out =
        TcpOutside.newBuilder()
            .setUnsent(SocketQueue.count(fd, SocketQueue.SIOCOUTQNSD))
            .setMss(agreed.mss())
            .setWindowScales(agreed.windowScales())
            .setSelective(agreed.acknowledgesSelectively())
            .setWindow(ByteString.copyFrom(TcpRepair.window(fd)));
    agreed.timestamp().ifPresent(out::setTimestamp);
    return out.build();
  }

  /**
   * What has arrived and where in the stream it ends, of one moment: while the processes stand
   * still the kernel goes on sending what is on its way.
   */
  private static void received(Fd fd, InetSocket.Builder s) {
    TcpRepair.queue(fd, TcpRepair.RECEIVE_QUEUE);
    for (int tries = 0; tries < MOMENTS; tries++) {
      int state = TcpRepair.state(fd);
      int sequence = TcpRepair.sequence(fd);
      int size = unread(fd);
      byte[] bytes = Socket.peekStream(fd, size);
      if (bytes.length == size
          && TcpRepair.sequence(fd) == sequence
          && TcpRepair.state(fd) == state) {
        s.setState(state).setEndReceived(END_RECEIVED.contains(state));
        s.setReceiveSequence(sequence).setReceived(ByteString.copyFrom(bytes));
        return;
      }
    }
    throw new LinuxException("tcp", Errno.EAGAIN, "its queue of received bytes does not rest");
  }

  /**
   * After all sockets have been described: what arrived since is taken too, so that no end has sent
   * more than the other one has and it has itself.
   */
  static void settle(SocketSurvey survey) {
    for (SocketSurvey.Held h : survey.held()) {
      if (TcpRepair.state(h.socket()) == CLOSE) {
        continue;
      }
      int reuse = Socket.option(h.socket(), Socket.SOL_SOCKET, SO_REUSEADDR);
      TcpRepair.on(h.socket());
      try {
        TcpRepair.queue(h.socket(), TcpRepair.RECEIVE_QUEUE);
        InetSocket.Builder s = h.file().getInetSocketBuilder();
        if (TcpRepair.sequence(h.socket()) != s.getReceiveSequence()) {
          received(h.socket(), s);
        }
        TcpRepair.queue(h.socket(), 0);
      } finally {
        TcpRepair.offSilently(h.socket(), reuse);
      }
    }
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    Fd fd = tree.inetSockets().socket(f.getInetSocket().getInode());
    UnixSocketFile.flags(fd, f);
    return fd;
  }

  /** When a tree leaves: its sockets vanish, nobody is told that they are closed. */
  static void vanish(List<SocketSurvey.Held> held) {
    for (SocketSurvey.Held h : held) {
      Fd fd = h.socket();
      if (TcpRepair.state(fd) != CLOSE) {
        TcpRepair.on(fd);
      }
    }
  }
}
