package hob.image;

import hob.image.proto.SocketCredentials;
import hob.linux.Fd;
import hob.linux.Socket;
import hob.linux.SocketMessage;
import hob.linux.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Reads the queue of a unix or datagram socket and leaves it as it is. */
final class SocketQueue {
  /** Bytes that can be read. */
  static final long FIONREAD = 0x541B;

  /** Bytes that are on their way. */
  static final long SIOCOUTQ = 0x5411;

  /** Bytes that are not on their way yet. */
  static final long SIOCOUTQNSD = 0x894B;

  private SocketQueue() {}

  /** What an ioctl(2) counts. */
  static int count(Fd socket, long request) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment n = arena.allocate(ValueLayout.JAVA_INT);
      Sys.check(socket.ioctl(request, n.address()), "ioctl", Long.toHexString(request));
      return n.get(ValueLayout.JAVA_INT, 0);
    }
  }

  /**
   * All messages, oldest first; of a stream, its bytes in stretches. In a stream MSG_PEEK does not
   * tell where the bytes that were sent with descriptors begin, only where they end: bytes that
   * stood before them without any arrive in one stretch with them.
   */
  static List<SocketMessage> of(Fd socket) {
    List<SocketMessage> all = new ArrayList<>();
    if (Socket.option(socket, Socket.SOL_SOCKET, Socket.SO_ACCEPTCONN) != 0) {
      return all;
    }
    int type = Socket.option(socket, Socket.SOL_SOCKET, Socket.SO_TYPE);
    boolean datagrams = type == Socket.SOCK_DGRAM;
    int from = Socket.option(socket, Socket.SOL_SOCKET, Socket.SO_PEEK_OFF);
    int credentials = Socket.option(socket, Socket.SOL_SOCKET, Socket.SO_PASSCRED);
    if (Sys.failed(Socket.setOption(socket, Socket.SOL_SOCKET, Socket.SO_PEEK_OFF, 0))) {
      // ICMP and raw sockets: what stands in their queues may get lost on the way, as any packet.
      return all;
    }
    Socket.setOption(socket, Socket.SOL_SOCKET, Socket.SO_PASSCRED, 1);
    try {
      SocketMessage m = Socket.peek(socket);
      while (m != null && (datagrams || m.data().length > 0)) {
        all.add(m);
        m = Socket.peek(socket);
      }
      return all;
    } finally {
      Socket.setOption(socket, Socket.SOL_SOCKET, Socket.SO_PASSCRED, credentials);
      Socket.setOption(socket, Socket.SOL_SOCKET, Socket.SO_PEEK_OFF, from);
    }
  }

  /** In the image; credentials of a process outside the tree, or of none, are without a pid. */
  static hob.image.proto.SocketMessage image(SocketSurvey.Queued q, Collection tree) {
    SocketMessage m = q.message();
    var out =
        hob.image.proto.SocketMessage.newBuilder()
            .setData(com.google.protobuf.ByteString.copyFrom(m.data()))
            .setSender(com.google.protobuf.ByteString.copyFrom(m.sender()));
    for (ProcessFacts.FdFacts f : q.files()) {
      out.addFiles(tree.file(tree.sockets().self(), f));
    }
    if (m.credentials().size() >= 3 && m.credentials().getFirst() > 0) {
      out.setCredentials(
          SocketCredentials.newBuilder()
              .setPid(tree.nsPid(m.credentials().get(0)))
              .setUid(m.credentials().get(1))
              .setGid(m.credentials().get(2)));
    }
    return out.build();
  }

  /** A message of the image, to be sent here. */
  static SocketMessage message(hob.image.proto.SocketMessage m, TreeFiles tree) {
    List<Integer> credentials = new ArrayList<>();
    if (m.hasCredentials()) {
      int self = (int) ProcessHandle.current().pid();
      credentials.add(tree.host(m.getCredentials().getPid()).orElse(self));
      credentials.add(m.getCredentials().getUid());
      credentials.add(m.getCredentials().getGid());
    }
    return new SocketMessage(
        m.getData().toByteArray(),
        new byte[0],
        m.getFilesList().stream().map(tree::open).toList(),
        credentials);
  }
}
