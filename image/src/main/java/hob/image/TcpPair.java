package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.InetSocket;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Socket;
import hob.linux.SocketMessage;
import hob.linux.Sys;
import hob.linux.TcpRepair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;

/**
 * Both ends of a TCP connection, by TCP_REPAIR: connected without a handshake, with what was
 * received in the receiving queues. What was sent and not received yet is sent again, and ends
 * (FIN) follow, through the loopback device, so that the kernel itself brings both into the states
 * that they had.
 */
final class TcpPair {
  private static final int MSS = 65483;
  private static final int WINDOW_SCALE = 7;
  static final int ROOM = 64 << 20;
  private static final int CHUNK = 32 << 10;
  private static final int CLOCK = 1 << 20;
  private static final int START = 1 << 20;

  private final InetSocket a;
  private final InetSocket b;

  TcpPair(InetSocket a, InetSocket b) {
    this.a = a;
    this.b = b;
  }

  /** The other end of {@code s} as it was, if it were there. */
  static InetSocket closedEnd(InetSocket s) {
    byte[] name = s.getName().toByteArray();
    ByteString peer = s.getPeer();
    if (peer.isEmpty()) {
      // Nobody can ask any more who it was.
      peer = ByteString.copyFrom(InetName.withPort(name, freePort(s, name)));
    }
    return InetSocket.newBuilder()
        .setDomain(s.getDomain())
        .setType(s.getType())
        .setProtocol(s.getProtocol())
        .setName(peer)
        .setPeer(s.getName())
        .setBound(true)
        .setEndSent(true)
        .setSendSequence(s.getReceiveSequence())
        .setReceiveSequence(s.getSendSequence())
        .build();
  }

  private static int freePort(InetSocket s, byte[] name) {
    try (Fd fd = Socket.open(s.getDomain(), s.getType(), s.getProtocol())) {
      Sys.check(Socket.bind(fd, InetName.withPort(name, 0)), "bind", "any port");
      return InetName.port(Socket.name(fd));
    }
  }

  Fd[] make() {
    Fd first = InetSocketsMade.bound(a, true);
    Fd second = InetSocketsMade.bound(b, true);
    byte[] toA = a.getReceived().toByteArray();
    byte[] toB = b.getReceived().toByteArray();
    connect(first, START + toB.length, 2 * START, peer(a, b));
    connect(second, 2 * START + toA.length, START, peer(b, a));
    fill(first, TcpRepair.RECEIVE_QUEUE, toA);
    fill(second, TcpRepair.RECEIVE_QUEUE, toB);
    TcpRepair.off(first);
    TcpRepair.off(second);
    send(first, unreceived(a, b));
    send(second, unreceived(b, a));
    List<Runnable> ends = new ArrayList<>();
    if (a.getEndSent() || a.getEnded()) {
      ends.add(() -> Sys.check(Socket.shutdown(first, 1), "shutdown", 1));
    }
    if (b.getEndSent()) {
      ends.add(() -> Sys.check(Socket.shutdown(second, 1), "shutdown", 1));
    }
    // Whose end came first is not the one that has received an end and not sent its own first.
    if (a.getEndReceived()) {
      Collections.reverse(ends);
    }
    ends.forEach(Runnable::run);
    shutReading(first, a);
    shutReading(second, b);
    return new Fd[] {first, second};
  }

  /** As the end itself says it: two families may see the same address in two ways. */
  private static ByteString peer(InetSocket end, InetSocket other) {
    return end.getPeer().isEmpty() ? other.getName() : end.getPeer();
  }

  private static void shutReading(Fd fd, InetSocket s) {
    if ((s.getShutdown() & 1) != 0 && !s.getEndReceived() && !s.getEnded()) {
      Socket.shutdown(fd, 0);
    }
  }

  private static void connect(Fd fd, int sent, int received, ByteString peer) {
    connect(
        fd,
        sent,
        received,
        peer,
        new TcpRepair.Agreed(MSS, WINDOW_SCALE | WINDOW_SCALE << 16, true, OptionalInt.of(CLOCK)));
  }

  /**
   * Connects a socket in repair.
   *
   * @param sent number of the first byte that it will send
   * @param received number of the first byte that it will receive
   */
  static void connect(Fd fd, int sent, int received, ByteString peer, TcpRepair.Agreed agreed) {
    Socket.setOption(fd, Socket.SOL_SOCKET, Socket.SO_RCVBUFFORCE, ROOM);
    Socket.setOption(fd, Socket.SOL_SOCKET, Socket.SO_SNDBUFFORCE, ROOM);
    TcpRepair.queue(fd, TcpRepair.SEND_QUEUE);
    TcpRepair.sequence(fd, sent);
    TcpRepair.queue(fd, TcpRepair.RECEIVE_QUEUE);
    TcpRepair.sequence(fd, received);
    TcpRepair.queue(fd, 0);
    byte[] other = peer.toByteArray();
    long r = Socket.connect(fd, other);
    if (Errno.EADDRNOTAVAIL.is(r) && TcpOrphans.endBetween(Socket.name(fd), other)) {
      r = Socket.connect(fd, other);
    }
    Sys.check(r, "connect", "TCP_REPAIR");
    TcpRepair.agree(fd, agreed);
  }

  /** Puts bytes into a queue of a socket in repair. */
  static void fill(Fd fd, int queue, byte[] bytes) {
    TcpRepair.queue(fd, queue);
    send(fd, bytes);
    TcpRepair.queue(fd, 0);
  }

  /** Sends all, for which there is room. */
  static void send(Fd fd, byte[] bytes) {
    for (int at = 0; at < bytes.length; ) {
      byte[] part = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + CHUNK));
      long r =
          Socket.send(fd, new SocketMessage(part, new byte[0], List.of(), List.of()), new byte[0]);
      at += (int) Sys.check(r, "sendmsg", "TCP", bytes.length);
    }
  }

  /** What {@code from} has sent and {@code to} has not received: the last bytes of its queue. */
  private static byte[] unreceived(InetSocket from, InetSocket to) {
    byte[] queue = from.getSent().toByteArray();
    int end = from.getSendSequence() - (from.getEndSent() ? 1 : 0);
    int there = to.getReceiveSequence() - (to.getEndReceived() ? 1 : 0);
    int missing = end - there;
    if (missing <= 0 || from.getEnded() || to.getInode() == 0) {
      return new byte[0];
    }
    if (missing > queue.length) {
      throw new LinuxException("tcp", Errno.EPROTO, missing + " bytes of " + queue.length);
    }
    return Arrays.copyOfRange(queue, queue.length - missing, queue.length);
  }
}
