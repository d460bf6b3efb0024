package hob.linux;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code sock_diag(7)}: what the kernel tells of the sockets of one network namespace. One thread
 * at a time.
 */
public final class SockDiag implements AutoCloseable {
  private static final int NETLINK_SOCK_DIAG = 4;
  private static final int SOCK_DIAG_BY_FAMILY = 20;
  private static final int SOCK_DESTROY = 21;
  private static final int NLMSG_ERROR = 2;
  private static final int NLMSG_DONE = 3;
  private static final int NLM_F_REQUEST = 1;
  private static final int NLM_F_ACK = 4;
  private static final int NLM_F_DUMP = 0x300;
  private static final int IPPROTO_TCP = 6;
  private static final int UNIX_SHOW_ALL = 0x1 | 0x4 | 0x8 | 0x10;
  private static final int UNIX_DIAG_PEER = 2;
  private static final int UNIX_DIAG_ICONS = 3;
  private static final int UNIX_DIAG_RQLEN = 4;
  private static final int UNIX_DIAG_SHUTDOWN = 6;

  private static final int INET_DIAG_SHUTDOWN = 8;
  private static final int ID = 48;

  private final Fd socket;

  /**
   * A unix socket.
   *
   * @param state 1 connected, 7 not connected, 10 listening
   * @param peer inode of the other end, 0 when there is none or it is closed
   * @param waiting inodes of the clients whose connections nobody has accepted yet
   * @param shutdown bit 0 reading, bit 1 writing
   * @param queued bytes that nobody has read; of a listening socket connections to accept
   * @param backlog of a listening socket
   */
  public record Unix(
      int type, int state, long peer, List<Long> waiting, int shutdown, int queued, int backlog) {}

  /**
   * An internet socket.
   *
   * @param state of TCP (TCP_ESTABLISHED...); 7 or 1 of others
   * @param tuple ports of source and destination, then their addresses, 16 bytes each, then what
   *     else names the socket ({@code struct inet_diag_sockid}), as the kernel writes it
   * @param inode 0 when no process has it
   * @param received bytes that nobody has read; of a listening socket connections to accept
   * @param sent bytes that are not acknowledged; of a listening socket its backlog
   * @param shutdown bit 0 reading, bit 1 writing
   */
  public record Inet(
      int family, int state, byte[] tuple, long inode, int received, int sent, int shutdown) {}

  private SockDiag(Fd socket) {
    this.socket = socket;
  }

  /** Of the calling thread's namespace. */
  public static SockDiag here() {
    return new SockDiag(Socket.open(Socket.AF_NETLINK, Socket.SOCK_RAW, NETLINK_SOCK_DIAG));
  }

  /** Of the namespace that {@code pid} is in. */
  public static SockDiag of(int pid) {
    return NetworkNamespace.in(pid, SockDiag::here);
  }

  /** The unix socket with this inode; null when there is none. */
  public @Nullable Unix unix(long inode) {
    ByteBuffer q = request(24, 0);
    q.put((byte) Socket.AF_UNIX).put((byte) 0).putShort((short) 0).putInt(-1).putInt((int) inode);
    q.putInt(UNIX_SHOW_ALL).putInt(-1).putInt(-1);
    List<ByteBuffer> answers = ask(q);
    if (answers.isEmpty()) {
      return null;
    }
    ByteBuffer a = answers.getFirst();
    int type = a.get(1);
    int state = a.get(2);
    Map<Integer, ByteBuffer> attributes = attributes(a, 16);
    List<Long> waiting = new ArrayList<>();
    ByteBuffer icons = attributes.get(UNIX_DIAG_ICONS);
    while (icons != null && icons.remaining() >= 4) {
      waiting.add(Integer.toUnsignedLong(icons.getInt()));
    }
    ByteBuffer peer = attributes.get(UNIX_DIAG_PEER);
    ByteBuffer shutdown = attributes.get(UNIX_DIAG_SHUTDOWN);
    ByteBuffer queue = attributes.get(UNIX_DIAG_RQLEN);
    return new Unix(
        type,
        state,
        peer == null ? 0 : Integer.toUnsignedLong(peer.getInt()),
        waiting,
        shutdown == null ? 0 : shutdown.get(),
        queue == null ? 0 : queue.getInt(0),
        queue == null ? 0 : queue.getInt(4));
  }

  /** All sockets of a family and protocol, those that no process has too. */
  public List<Inet> inet(int family, int protocol) {
    ByteBuffer q = request(56, NLM_F_DUMP);
    q.put((byte) family).put((byte) protocol).put((byte) 0).put((byte) 0).putInt(-1);
    List<Inet> all = new ArrayList<>();
    for (ByteBuffer a : ask(q)) {
      byte[] tuple = new byte[ID];
      a.get(4, tuple);
      ByteBuffer shutdown = attributes(a, 72).get(INET_DIAG_SHUTDOWN);
      all.add(
          new Inet(
              family,
              a.get(1),
              tuple,
              a.getInt(68) & 0xffffffffL,
              a.getInt(56),
              a.getInt(60),
              shutdown == null ? 0 : shutdown.get()));
    }
    return all;
  }

  /**
   * Ends a TCP socket; its other end, where there is one, is reset. Nothing happens when it has
   * ended meanwhile. Needs CAP_NET_ADMIN.
   *
   * @return whether this kernel can: ENOTSUP without CONFIG_INET_DIAG_DESTROY
   */
  public boolean destroy(Inet tcp) {
    ByteBuffer q = request(8 + ID, NLM_F_ACK);
    q.putShort(4, (short) SOCK_DESTROY);
    q.put((byte) tcp.family()).put((byte) IPPROTO_TCP).put((byte) 0).put((byte) 0).putInt(-1);
    q.put(tcp.tuple());
    try {
      ask(q);
      return true;
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOTSUP) {
        throw e;
      }
      return false;
    }
  }

  private static Map<Integer, ByteBuffer> attributes(ByteBuffer a, int from) {
    Map<Integer, ByteBuffer> all = new HashMap<>();
    for (int at = from; at + 4 <= a.limit(); ) {
      int length = a.getShort(at) & 0xffff;
      if (length < 4 || at + length > a.limit()) {
        break;
      }
      all.put(
          a.getShort(at + 2) & 0x3fff, a.slice(at + 4, length - 4).order(ByteOrder.LITTLE_ENDIAN));
      at += (length + 3) & ~3;
    }
    return all;
  }

  private static ByteBuffer request(int payload, int flags) {
    ByteBuffer b = ByteBuffer.allocate(16 + payload).order(ByteOrder.LITTLE_ENDIAN);
    b.putInt(16 + payload).putShort((short) SOCK_DIAG_BY_FAMILY);
    return b.putShort((short) (NLM_F_REQUEST | flags)).putInt(1).putInt(0);
  }

  @SuppressWarnings("ByteBufferBackingArray") // request() allocated it, so it begins at 0
  private List<ByteBuffer> ask(ByteBuffer q) {
    boolean dump = (q.getShort(6) & NLM_F_DUMP) != 0;
    socket.writeAll(q.array());
    List<ByteBuffer> all = new ArrayList<>();
    while (true) {
      MemorySegment s = Scratch.get();
      long n = Sys.check(socket.read(s), "read", "sock_diag");
      ByteBuffer b =
          ByteBuffer.wrap(s.asSlice(0, n).toArray(Scratch.BYTE)).order(ByteOrder.LITTLE_ENDIAN);
      for (int at = 0; at + 16 <= n; ) {
        int length = b.getInt(at);
        int type = b.getShort(at + 4);
        if (type == NLMSG_DONE) {
          return all;
        }
        if (type == NLMSG_ERROR) {
          int error = b.getInt(at + 16);
          if (error == 0 || Errno.ENOENT.is(error)) {
            return all;
          }
          throw new LinuxException("sock_diag", Errno.of(-error));
        }
        all.add(b.slice(at + 16, length - 16).order(ByteOrder.LITTLE_ENDIAN));
        at += (length + 3) & ~3;
      }
      if (!dump) {
        return all;
      }
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
