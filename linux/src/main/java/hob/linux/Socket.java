package hob.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code socket(7)}: what is done to sockets. Addresses are {@code struct sockaddr} in bytes, as
 * long as the kernel says, since the length of a unix address means something. Any thread.
 */
public final class Socket {
  public static final int AF_UNIX = 1;
  public static final int AF_INET = 2;
  public static final int AF_INET6 = 10;
  public static final int AF_NETLINK = 16;
  public static final int AF_PACKET = 17;
  public static final int SOCK_STREAM = 1;
  public static final int SOCK_DGRAM = 2;
  public static final int SOCK_RAW = 3;
  public static final int SOCK_SEQPACKET = 5;
  public static final int SOL_SOCKET = 1;
  public static final int SO_TYPE = 3;
  public static final int SO_SNDBUF = 7;
  public static final int SO_RCVBUF = 8;
  public static final int SO_PASSCRED = 16;
  public static final int SO_PEERCRED = 17;
  public static final int SO_SNDBUFFORCE = 32;
  public static final int SO_RCVBUFFORCE = 33;
  public static final int SO_ACCEPTCONN = 30;
  public static final int SO_PROTOCOL = 38;
  public static final int SO_DOMAIN = 39;
  public static final int SO_PEEK_OFF = 42;

  /** Most bytes of one message that {@link #peek} takes. */
  public static final int LARGEST_MESSAGE = 4 << 20;

  private static final int SO_ATTACH_FILTER = 26;
  private static final int SOCK_CLOEXEC = Fd.O_CLOEXEC;
  private static final int MSG_PEEK = 2;
  private static final int MSG_TRUNC = 0x20;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int SCM_RIGHTS = 1;
  private static final int SCM_CREDENTIALS = 2;
  private static final int ADDRESS = 128;
  private static final int HEADER = 56;
  private static final int CONTROL = 2048;

  private Socket() {}

  /** {@code socket(2)}. */
  public static Fd open(int domain, int type, int protocol) {
    return Fd.of(
        Sys.check(
            Sys.call(Nr.SOCKET, domain, type | SOCK_CLOEXEC, protocol),
            "socket",
            domain,
            type,
            protocol));
  }

  /** {@code socketpair(2)} of the unix domain. */
  public static Fd[] pair(int type) {
    MemorySegment s = Scratch.get();
    Sys.check(
        Sys.call(Nr.SOCKETPAIR, AF_UNIX, type | SOCK_CLOEXEC, 0, s.address()), "socketpair", type);
    return new Fd[] {Fd.of(s.get(Scratch.INT, 0)), Fd.of(s.get(Scratch.INT, 4))};
  }

  private static long withAddress(int nr, Fd socket, byte[] address) {
    MemorySegment s = Scratch.get();
    MemorySegment.copy(address, 0, s, Scratch.BYTE, 0, address.length);
    return Sys.call(nr, socket.number(), s.address(), address.length);
  }

  /**
   * Name of the protocol of the socket behind a path of /proc/PID/fd: UNIX, UNIX-STREAM, TCP,
   * UDPv6, NETLINK...; empty when the kernel does not tell.
   */
  public static String protocol(String path) {
    MemorySegment s = Scratch.get();
    long file = Scratch.string(s, 0, path);
    long name = Scratch.string(s, 4096, "system.sockprotoname");
    long r = Sys.call(Nr.GETXATTR, file, name, s.address() + 8192, 64);
    return Sys.failed(r) ? "" : s.getString(8192);
  }

  /** The classic BPF program attached to a socket; empty when there is none. */
  public static byte[] filter(Fd socket) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.INT, 0, 4096);
    long r =
        Sys.call(
            Nr.GETSOCKOPT,
            socket.number(),
            SOL_SOCKET,
            SO_ATTACH_FILTER,
            s.address() + 8,
            s.address(),
            0);
    return Sys.failed(r)
        ? new byte[0]
        : s.asSlice(8, s.get(Scratch.INT, 0) * 8L).toArray(Scratch.BYTE);
  }

  /** Attaches a classic BPF program. */
  public static void filter(Fd socket, byte[] program) {
    MemorySegment s = Scratch.get();
    s.asSlice(0, 16).fill((byte) 0);
    s.set(Scratch.SHORT, 0, (short) (program.length / 8));
    s.set(Scratch.LONG, 8, s.address() + 16);
    MemorySegment.copy(program, 0, s, Scratch.BYTE, 16, program.length);
    Sys.check(
        Sys.call(Nr.SETSOCKOPT, socket.number(), SOL_SOCKET, SO_ATTACH_FILTER, s.address(), 16, 0),
        "setsockopt",
        "SO_ATTACH_FILTER");
  }

  /** {@code bind(2)}; 0 or {@code -errno}. */
  public static long bind(Fd socket, byte[] address) {
    return withAddress(Nr.BIND, socket, address);
  }

  /** {@code connect(2)}; 0 or {@code -errno}. */
  public static long connect(Fd socket, byte[] address) {
    return withAddress(Nr.CONNECT, socket, address);
  }

  /** {@code listen(2)}. */
  public static void listen(Fd socket, int backlog) {
    Sys.check(Sys.call(Nr.LISTEN, socket.number(), backlog), "listen", socket.number());
  }

  /** {@code accept4(2)}. */
  public static Fd accept(Fd socket) {
    return Fd.of(
        Sys.check(
            Sys.call(Nr.ACCEPT4, socket.number(), 0, 0, SOCK_CLOEXEC), "accept4", socket.number()));
  }

  /** {@code shutdown(2)}: 0 reading, 1 writing, 2 both; 0 or {@code -errno}. */
  public static long shutdown(Fd socket, int how) {
    return Sys.call(Nr.SHUTDOWN, socket.number(), how);
  }

  /** {@code getsockname(2)}. */
  public static byte[] name(Fd socket) {
    byte[] b = address(Nr.GETSOCKNAME, socket);
    if (b == null) {
      throw new LinuxException("getsockname", Errno.ENOTCONN, socket.number());
    }
    return b;
  }

  /** {@code getpeername(2)}; null when it is not connected. */
  public static byte @Nullable [] peer(Fd socket) {
    return address(Nr.GETPEERNAME, socket);
  }

  private static byte @Nullable [] address(int nr, Fd socket) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.INT, 0, ADDRESS);
    long r = Sys.call(nr, socket.number(), s.address() + 8, s.address());
    if (Errno.ENOTCONN.is(r)) {
      return null;
    }
    Sys.check(r, "getsockname", socket.number());
    return s.asSlice(8, s.get(Scratch.INT, 0)).toArray(Scratch.BYTE);
  }

  /**
   * {@code getsockopt(2)} of at most {@code max} bytes; null when the socket has no such option.
   */
  public static byte @Nullable [] option(Fd socket, int level, int name, int max) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.INT, 0, max);
    s.asSlice(8, max).fill((byte) 0);
    long r = Sys.call(Nr.GETSOCKOPT, socket.number(), level, name, s.address() + 8, s.address(), 0);
    return Sys.failed(r) ? null : s.asSlice(8, s.get(Scratch.INT, 0)).toArray(Scratch.BYTE);
  }

  /** An option that is a number; 0 when the socket has no such option. */
  public static int option(Fd socket, int level, int name) {
    byte[] b = option(socket, level, name, 4);
    return b == null || b.length == 0
        ? 0
        : b.length < 4 ? b[0] : MemorySegment.ofArray(b).get(Scratch.INT, 0);
  }

  /** {@code setsockopt(2)}; 0 or {@code -errno}. */
  public static long setOption(Fd socket, int level, int name, byte[] value) {
    MemorySegment s = Scratch.get();
    MemorySegment.copy(value, 0, s, Scratch.BYTE, 0, value.length);
    return Sys.call(Nr.SETSOCKOPT, socket.number(), level, name, s.address(), value.length, 0);
  }

  /** An option that is a number; 0 or {@code -errno}. */
  public static long setOption(Fd socket, int level, int name, int value) {
    return setOption(
        socket,
        level,
        name,
        new byte[] {(byte) value, (byte) (value >> 8), (byte) (value >> 16), (byte) (value >> 24)});
  }

  /**
   * The next message, without taking it; the option SO_PEEK_OFF says from where on.
   *
   * @return null when there is none
   */
  public static @Nullable SocketMessage peek(Fd socket) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(LARGEST_MESSAGE);
      MemorySegment h = arena.allocate(HEADER + 16 + ADDRESS + CONTROL, 16);
      h.set(Scratch.LONG, 0, h.address() + 72);
      h.set(Scratch.INT, 8, ADDRESS);
      h.set(Scratch.LONG, 16, h.address() + HEADER);
      h.set(Scratch.LONG, 24, 1);
      h.set(Scratch.LONG, 32, h.address() + 72 + ADDRESS);
      h.set(Scratch.LONG, 40, CONTROL);
      h.set(Scratch.LONG, HEADER, data.address());
      h.set(Scratch.LONG, HEADER + 8, LARGEST_MESSAGE);
      long r =
          Sys.call(
              Nr.RECVMSG,
              socket.number(),
              h.address(),
              MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
      if (Sys.failed(r)) {
        return null;
      }
      if (r > LARGEST_MESSAGE) {
        throw new LinuxException("recvmsg", Errno.EMSGSIZE, r);
      }
      List<Fd> descriptors = new ArrayList<>();
      List<Integer> credentials = new ArrayList<>();
      control(h.asSlice(72 + ADDRESS, h.get(Scratch.LONG, 40)), descriptors, credentials);
      return new SocketMessage(
          data.asSlice(0, r).toArray(Scratch.BYTE),
          h.asSlice(72, Math.clamp(h.get(Scratch.INT, 8), 0, ADDRESS)).toArray(Scratch.BYTE),
          descriptors,
          credentials);
    }
  }

  /** The first {@code size} bytes of a stream's queue, without taking them; fewer if not there. */
  public static byte[] peekStream(Fd socket, int size) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(Math.max(1, size));
      long r =
          Sys.call(
              Nr.RECVFROM, socket.number(), data.address(), size, MSG_PEEK | MSG_DONTWAIT, 0, 0);
      return r <= 0 ? new byte[0] : data.asSlice(0, r).toArray(Scratch.BYTE);
    }
  }

  private static void control(MemorySegment c, List<Fd> descriptors, List<Integer> credentials) {
    for (long at = 0; at + UnixSocket.CMSG_HEADER <= c.byteSize(); ) {
      long length = c.get(Scratch.LONG, at);
      int level = c.get(Scratch.INT, at + 8);
      int type = c.get(Scratch.INT, at + 12);
      for (long i = at + UnixSocket.CMSG_HEADER; i + 4 <= at + length; i += 4) {
        if (level == SOL_SOCKET && type == SCM_RIGHTS) {
          descriptors.add(Fd.of(c.get(Scratch.INT, i)));
        } else if (level == SOL_SOCKET && type == SCM_CREDENTIALS) {
          credentials.add(c.get(Scratch.INT, i));
        }
      }
      at += Math.max(UnixSocket.CMSG_HEADER, (length + 7) & ~7L);
    }
  }

  /**
   * Sends a message with its attachments, never blocking, without SIGPIPE; the count that was taken
   * or {@code -errno}.
   *
   * @param to address, empty for the connected peer
   */
  public static long send(Fd socket, SocketMessage m, byte[] to) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(Math.max(1, m.data().length));
      MemorySegment.copy(m.data(), 0, data, Scratch.BYTE, 0, m.data().length);
      MemorySegment h = arena.allocate(HEADER + 16 + ADDRESS + CONTROL, 16);
      MemorySegment.copy(to, 0, h, Scratch.BYTE, 72, to.length);
      h.set(Scratch.LONG, 0, to.length == 0 ? 0 : h.address() + 72);
      h.set(Scratch.INT, 8, to.length);
      h.set(Scratch.LONG, 16, h.address() + HEADER);
      h.set(Scratch.LONG, 24, 1);
      h.set(Scratch.LONG, HEADER, data.address());
      h.set(Scratch.LONG, HEADER + 8, m.data().length);
      MemorySegment c = h.asSlice(72 + ADDRESS, CONTROL);
      long used = attach(c, 0, SCM_RIGHTS, m.descriptors().stream().map(Fd::number).toList());
      used = attach(c, used, SCM_CREDENTIALS, m.credentials());
      h.set(Scratch.LONG, 32, used == 0 ? 0 : c.address());
      h.set(Scratch.LONG, 40, used);
      return Sys.call(Nr.SENDMSG, socket.number(), h.address(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  }

  private static long attach(MemorySegment c, long at, int type, List<Integer> values) {
    if (values.isEmpty()) {
      return at;
    }
    c.set(Scratch.LONG, at, UnixSocket.CMSG_HEADER + values.size() * 4L);
    c.set(Scratch.INT, at + 8, SOL_SOCKET);
    c.set(Scratch.INT, at + 12, type);
    for (int i = 0; i < values.size(); i++) {
      c.set(Scratch.INT, at + UnixSocket.CMSG_HEADER + 4L * i, values.get(i));
    }
    return at + UnixSocket.CMSG_HEADER + ((values.size() * 4L + 7) & ~7L);
  }
}
