package hob.home.net;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Socket;
import java.util.HashMap;
import java.util.Map;

/**
 * Ports of this host that processes abroad use: a socket is bound to each, so that this host's
 * kernel gives it to nobody else, and none is had that somebody has. Not thread-safe.
 */
final class Claims {
  private static final class Claim {
    private final Fd socket;
    private int users;

    private Claim(Fd socket) {
      this.socket = socket;
    }
  }

  private final Map<Integer, Claim> claims = new HashMap<>();

  private static int key(int protocol, int port) {
    return protocol << 16 | port;
  }

  /** Has a port once more; false when a process of this host has it. */
  boolean take(int protocol, int port) {
    Claim c = claims.get(key(protocol, port));
    if (c == null) {
      Fd socket = bind(protocol, port);
      if (socket == null) {
        return false;
      }
      c = new Claim(socket);
      claims.put(key(protocol, port), c);
    }
    c.users++;
    return true;
  }

  /** Has it once less. */
  void release(int protocol, int port) {
    Claim c = claims.get(key(protocol, port));
    if (c != null && --c.users == 0) {
      claims.remove(key(protocol, port));
      c.socket.close();
    }
  }

  private static @org.jspecify.annotations.Nullable Fd bind(int protocol, int port) {
    int type = protocol == Packet.TCP ? Socket.SOCK_STREAM : Socket.SOCK_DGRAM;
    byte[] name = new byte[28];
    name[0] = Socket.AF_INET6;
    name[2] = (byte) (port >> 8);
    name[3] = (byte) port;
    Fd socket = Socket.open(Socket.AF_INET6, type, 0);
    long r = Socket.bind(socket, name);
    if (r == 0) {
      return socket;
    }
    socket.close();
    if (Errno.EADDRINUSE.is(r)) {
      return null;
    }
    throw new hob.linux.LinuxException("bind", Errno.of((int) -r), "port", port);
  }

  /** Gives all back. */
  void close() {
    claims.values().forEach(c -> c.socket.close());
    claims.clear();
  }
}
