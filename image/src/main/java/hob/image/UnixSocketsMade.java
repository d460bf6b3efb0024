package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.OpenFile;
import hob.image.proto.UnixSocket;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Socket;
import hob.linux.SocketMessage;
import hob.linux.Sys;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All unix sockets of an image, made together, since they refer to each other. The order: whoever
 * has a name of its own is bound; connections are made (by socketpair(2), or by connect and accept
 * where the accepted end bears the listener's name); queues are filled; datagram sockets get their
 * peers, which then keep others out; halves are shut down; last the options. Tracer's thread.
 */
final class UnixSocketsMade implements AutoCloseable {
  private static final int CONNECTED = 1;
  private static final int LISTENING = 10;
  private static final int ROOM = 64 << 20;

  private final TreeFiles tree;
  private final Map<Long, UnixSocket> images = new LinkedHashMap<>();
  private final Map<Long, Fd> made = new HashMap<>();
  private final Map<Long, UnixName> names = new HashMap<>();
  private final Map<Long, Fd> closedPeers = new HashMap<>();
  private final Map<Long, Long> clients = new HashMap<>();
  private final List<Fd> temporary = new ArrayList<>();

  UnixSocketsMade(TreeFiles tree) {
    this.tree = tree;
    for (OpenFile f : tree.images()) {
      if (f.getKind() == OpenFile.Kind.UNIX_SOCKET) {
        images.put(f.getUnixSocket().getInode(), f.getUnixSocket());
      }
    }
    for (UnixSocket s : images.values()) {
      s.getWaitingList().stream().filter(c -> c != 0).forEach(c -> clients.put(c, s.getInode()));
    }
  }

  /** The socket that had this inode at the source. */
  Fd socket(long inode) {
    Fd fd = made.get(inode);
    if (fd == null) {
      throw new LinuxException("socket", Errno.ENOENT, "unix socket " + inode);
    }
    return fd;
  }

  private static boolean connects(UnixSocket s) {
    return s.getType() != Socket.SOCK_DGRAM;
  }

  /** Makes and connects all; the calling thread is in the tree's network namespace. */
  void make() {
    for (UnixSocket s : images.values()) {
      if (connects(s) && s.getState() == LISTENING) {
        bind(s, fresh(s));
        Socket.listen(socket(s.getInode()), s.getBacklog());
      }
    }
    for (UnixSocket s : images.values()) {
      if (made.containsKey(s.getInode()) || clients.containsKey(s.getInode())) {
        continue;
      }
      if (connects(s) && s.getState() == CONNECTED) {
        connect(s, s.getPeerClosed() ? null : images.get(s.getPeer()));
      } else if (!connects(s) && unnamedPair(s)) {
        Fd[] pair = pair(s);
        made.put(s.getInode(), pair[0]);
        made.put(s.getPeer(), pair[1]);
      } else if (!connects(s) && s.getPeerClosed() && s.getName().isEmpty()) {
        Fd[] pair = Socket.pair(s.getType());
        made.put(s.getInode(), pair[0]);
        closedPeers.put(s.getInode(), pair[1]);
      } else {
        bind(s, fresh(s));
      }
    }
    for (UnixSocket s : images.values()) {
      s.getWaitingList().forEach(c -> waiting(s, c));
    }
    images.values().forEach(s -> SocketOptions.set(socket(s.getInode()), room(s), false));
  }

  /** Enough room in the buffers for what stood in them. */
  private static List<hob.image.proto.SocketOption> room(UnixSocket s) {
    return s.getOptionsList().stream()
        .filter(o -> o.getLevel() == Socket.SOL_SOCKET && o.getName() == Socket.SO_PASSCRED)
        .toList();
  }

  private Fd fresh(UnixSocket s) {
    Fd fd = Socket.open(Socket.AF_UNIX, s.getType(), 0);
    made.put(s.getInode(), fd);
    return fd;
  }

  private void bind(UnixSocket s, Fd fd) {
    byte[] name = s.getName().toByteArray();
    if (name.length == 0) {
      return;
    }
    if (UnixName.isPath(name)) {
      names.put(s.getInode(), UnixName.bind(fd, name, s));
    } else {
      Sys.check(Socket.bind(fd, name), "bind", "abstract name of unix socket");
    }
  }

  private boolean unnamedPair(UnixSocket s) {
    UnixSocket peer = images.get(s.getPeer());
    return peer != null
        && peer.getPeer() == s.getInode()
        && peer.getInode() != s.getInode()
        && s.getName().isEmpty()
        && peer.getName().isEmpty();
  }

  /** Two ends without names; made by who had made them, if that one is in the tree. */
  private Fd[] pair(UnixSocket s) {
    Fd one = tree.unixEnd(s.getInode());
    Fd other = tree.unixEnd(s.getPeer());
    return one != null && other != null ? new Fd[] {one, other} : Socket.pair(s.getType());
  }

  /** Connects two ends, or one end with one that is closed again later. */
  private void connect(UnixSocket s, @Nullable UnixSocket peer) {
    UnixSocket other =
        peer != null
            ? peer
            : UnixSocket.newBuilder().setType(s.getType()).setName(s.getPeerName()).build();
    Fd[] ends;
    if (s.getName().isEmpty() && other.getName().isEmpty()) {
      ends = pair(s);
    } else if (accepted(s, other)) {
      Fd[] e = byAccept(other, s);
      ends = new Fd[] {e[1], e[0]};
    } else {
      ends = byAccept(s, other);
    }
    made.put(s.getInode(), ends[0]);
    if (peer != null) {
      made.put(peer.getInode(), ends[1]);
    } else {
      closedPeers.put(s.getInode(), ends[1]);
    }
  }

  /** Whether {@code a} is the end that came from accept(2), of the two. */
  private boolean accepted(UnixSocket a, UnixSocket b) {
    if (a.getName().isEmpty() || b.getName().isEmpty()) {
      return !a.getName().isEmpty();
    }
    if (listener(a) != null || listener(b) != null) {
      return listener(a) != null;
    }
    return a.getInode() > b.getInode();
  }

  private @Nullable UnixSocket listener(UnixSocket s) {
    return images.values().stream()
        .filter(l -> l.getState() == LISTENING && UnixName.same(l, s))
        .findFirst()
        .orElse(null);
  }

  /** Client and accepted end. */
  private Fd[] byAccept(UnixSocket client, UnixSocket server) {
    UnixSocket known = listener(server);
    Fd listener;
    UnixName name = null;
    if (known != null) {
      listener = socket(known.getInode());
      name = names.get(known.getInode());
    } else {
      listener = Socket.open(Socket.AF_UNIX, server.getType(), 0);
      temporary.add(listener);
      byte[] address = server.getName().toByteArray();
      if (UnixName.isPath(address)) {
        // The name's file is not the accepted socket's: it goes when all is done.
        name = UnixName.bind(listener, address, server.toBuilder().setDeleted(true).build());
        names.put(-1L - names.size(), name);
      } else {
        Sys.check(Socket.bind(listener, address), "bind", "abstract name of unix socket");
      }
      Socket.listen(listener, 1);
    }
    Fd end = Socket.open(Socket.AF_UNIX, client.getType(), 0);
    bind(client, end);
    connect(end, server.getName(), name);
    Fd accepted = Socket.accept(listener);
    if (known == null) {
      listener.close();
    }
    return new Fd[] {end, accepted};
  }

  private static void connect(Fd from, ByteString name, @Nullable UnixName file) {
    if (file == null) {
      Sys.check(Socket.connect(from, name.toByteArray()), "connect", "unix socket");
      return;
    }
    try (Fd path = file.file()) {
      Sys.check(Socket.connect(from, UnixName.address(path)), "connect", path.path());
    }
  }

  private void waiting(UnixSocket listener, long client) {
    Fd end;
    if (client == 0) {
      end = Socket.open(Socket.AF_UNIX, listener.getType(), 0);
    } else {
      UnixSocket s = java.util.Objects.requireNonNull(images.get(client));
      end = fresh(s);
      bind(s, end);
    }
    connect(end, listener.getName(), names.get(listener.getInode()));
    if (client == 0) {
      end.close();
    }
  }

  /** Fills queues and finishes; files that stand in them may be asked of the tree now. */
  void fill() {
    for (UnixSocket s : images.values()) {
      Fd peer = s.getPeerClosed() ? closedPeers.get(s.getInode()) : made.get(s.getPeer());
      if (s.getType() != Socket.SOCK_DGRAM || (s.getName().isEmpty() && peer != null)) {
        for (var m : s.getQueueList()) {
          send(java.util.Objects.requireNonNull(peer), SocketQueue.message(m, tree), new byte[0]);
        }
      } else {
        for (var m : s.getQueueList()) {
          datagram(s, m);
        }
      }
    }
    closedPeers.values().forEach(Fd::close);
    for (UnixSocket s : images.values()) {
      if (s.getType() == Socket.SOCK_DGRAM
          && s.getState() == CONNECTED
          && !unnamedPair(s)
          && !closedPeers.containsKey(s.getInode())) {
        dgramPeer(s);
      }
    }
    for (UnixSocket s : images.values()) {
      Fd fd = socket(s.getInode());
      // 1 reading, 2 writing: shutdown(2) counts from 0.
      if (s.getShutdown() != 0 && !s.getPeerClosed()) {
        Sys.check(Socket.shutdown(fd, s.getShutdown() - 1), "shutdown", s.getShutdown());
      }
      SocketOptions.set(fd, s.getOptionsList(), true);
    }
    Fd.closeAll(temporary);
    names.values().forEach(n -> tree.atCommit(n::commit));
  }

  private static void send(Fd from, SocketMessage m, byte[] to) {
    int before = Socket.option(from, Socket.SOL_SOCKET, Socket.SO_SNDBUF);
    Socket.setOption(from, Socket.SOL_SOCKET, Socket.SO_SNDBUFFORCE, ROOM);
    long r = Sys.check(Socket.send(from, m, to), "sendmsg", m.data().length);
    Socket.setOption(from, Socket.SOL_SOCKET, Socket.SO_SNDBUFFORCE, before / 2);
    if (r != m.data().length) {
      throw new LinuxException("sendmsg", Errno.EAGAIN, r, "of " + m.data().length);
    }
  }

  /** From the socket that sent it, or from one that has its name for this while. */
  private void datagram(UnixSocket to, hob.image.proto.SocketMessage m) {
    Fd from = null;
    for (UnixSocket s : images.values()) {
      if (!m.getSender().isEmpty()
          && s.getName().equals(m.getSender())
          && s.getType() == Socket.SOCK_DGRAM) {
        from = socket(s.getInode());
      }
    }
    UnixName name = null;
    if (from == null) {
      Fd stranger = tree.inNetwork(() -> Socket.open(Socket.AF_UNIX, Socket.SOCK_DGRAM, 0));
      byte[] address = m.getSender().toByteArray();
      if (UnixName.isPath(address)) {
        name = UnixName.bind(stranger, address, UnixSocket.newBuilder().setDeleted(true).build());
      } else if (address.length > 2) {
        Sys.check(Socket.bind(stranger, address), "bind", "name of a sender");
      }
      from = stranger;
      temporary.add(stranger);
    }
    SocketMessage message = SocketQueue.message(m, tree);
    UnixName at = names.get(to.getInode());
    if (at == null) {
      send(from, message, to.getName().toByteArray());
    } else {
      try (Fd file = at.file()) {
        send(from, message, UnixName.address(file));
      }
    }
    if (name != null) {
      name.discard();
    }
  }

  private void dgramPeer(UnixSocket s) {
    UnixSocket peer = images.get(s.getPeer());
    if (peer != null) {
      connect(socket(s.getInode()), peer.getName(), names.get(peer.getInode()));
      return;
    }
    // Its peer is closed: one with that name is there for a moment.
    Fd gone = tree.inNetwork(() -> Socket.open(Socket.AF_UNIX, Socket.SOCK_DGRAM, 0));
    try (gone) {
      byte[] address = s.getPeerName().toByteArray();
      if (UnixName.isPath(address)) {
        UnixName name =
            UnixName.bind(gone, address, UnixSocket.newBuilder().setDeleted(true).build());
        connect(socket(s.getInode()), s.getPeerName(), name);
        name.discard();
      } else if (address.length > 2) {
        Sys.check(Socket.bind(gone, address), "bind", "name of a closed peer");
        connect(socket(s.getInode()), s.getPeerName(), null);
      }
    }
  }

  @Override
  public void close() {
    made.values().forEach(Fd::close);
    closedPeers.values().forEach(Fd::close);
    Fd.closeAll(temporary);
  }

  /** Removes the files of names that no program will have. */
  void discardNames() {
    names.values().forEach(UnixName::discard);
  }
}
