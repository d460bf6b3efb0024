package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.OpenFile;
import hob.image.proto.SocketCredentials;
import hob.image.proto.UnixSocket;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.SockDiag;
import hob.linux.Socket;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * {@code unix(7)} sockets whose other ends are in the tree, or closed, or that have none. What the
 * kernel knows of them comes from sock_diag(7); the file that a name leads to from SIOCUNIXFILE.
 */
final class UnixSocketFile implements FileKind {
  /** Reasons why one cannot move: rests of sentences. */
  static final String ELSEWHERE = "is a unix socket of another network namespace";

  static final String PEER_STAYS = "is a unix socket whose other end is outside of the tree";
  static final String CLIENT_STAYS =
      "is a unix socket that a process outside of the tree connects to";

  static final String SENT_ALREADY = "has a connection to accept with data that was sent already";

  private static final long SIOCUNIXFILE = 0x89E0;
  private static final String DELETED = " (deleted)";
  private static final int STATE_CONNECTED = 1;

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.UNIX_SOCKET;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.protocol().startsWith("UNIX");
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    long inode = d.stat().inode();
    out.setKind(kind());
    try (Fd socket = SocketSurvey.here(p, d)) {
      SockDiag.Unix u = tree.sockets().diag(p.pid()).unix(inode);
      if (u == null) {
        throw refused(p, d, ELSEWHERE);
      }
      UnixSocket.Builder s =
          UnixSocket.newBuilder()
              .setType(u.type())
              .setInode(inode)
              .setState(u.state())
              .setShutdown(u.shutdown())
              .setBacklog(u.backlog())
              .addAllOptions(SocketOptions.of(socket, Socket.AF_UNIX));
      name(socket, s);
      peer(p, d, tree, socket, u, s);
      for (long client : u.waiting()) {
        waiting(p, d, tree, client);
        s.addWaiting(client);
      }
      for (SocketSurvey.Queued q : tree.sockets().queue(inode)) {
        s.addQueue(SocketQueue.image(q, tree));
      }
      out.setUnixSocket(s);
    }
  }

  private static Collection.Refused refused(
      FrozenProcess p, ProcessFacts.FdFacts d, String reason) {
    return new Collection.Refused(
        new Refusal(p.pid(), "socket", "descriptor " + d.number() + " " + reason));
  }

  private static void name(Fd socket, UnixSocket.Builder s) {
    byte[] name = Socket.name(socket);
    if (name.length <= 2) {
      return;
    }
    s.setName(ByteString.copyFrom(name));
    long r = socket.ioctl(SIOCUNIXFILE, 0);
    if (r < 0) {
      return;
    }
    try (Fd file = Fd.of(r)) {
      String path = new String(Fd.readlinkBytes(file.path()), StandardCharsets.UTF_8);
      FileStat stat = FileStat.of(file.path());
      s.setDeleted(stat.links() == 0 || path.endsWith(DELETED))
          .setPath(ByteString.copyFromUtf8(path.replace(DELETED, "")))
          .setMode(stat.mode() & 07777)
          .setOwner(stat.uid())
          .setGroup(stat.gid());
    }
  }

  private static void peer(
      FrozenProcess p,
      ProcessFacts.FdFacts d,
      Collection tree,
      Fd socket,
      SockDiag.Unix u,
      UnixSocket.Builder s) {
    s.setPeer(u.peer());
    byte[] peer = Socket.peer(socket);
    if (u.peer() != 0 && !tree.sockets().has(u.peer())) {
      throw refused(p, d, PEER_STAYS);
    }
    if (u.state() == STATE_CONNECTED && u.peer() == 0) {
      s.setPeerClosed(true);
      if (peer != null && peer.length > 2) {
        s.setPeerName(ByteString.copyFrom(peer));
      }
    }
    byte[] c = Socket.option(socket, Socket.SOL_SOCKET, Socket.SO_PEERCRED, 12);
    if (c != null && c.length == 12 && Bytes.of(c).getInt(0) > 0) {
      s.setPeerCredentials(
          SocketCredentials.newBuilder()
              .setPid(tree.nsPid(Bytes.of(c).getInt(0)))
              .setUid(Bytes.of(c).getInt(4))
              .setGid(Bytes.of(c).getInt(8)));
    }
  }

  /** What a client has written before its connection is accepted cannot be read by anybody. */
  private static void waiting(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, long client) {
    SocketSurvey.Holder h = tree.sockets().all().get(client);
    if (client != 0 && h == null) {
      throw refused(p, d, CLIENT_STAYS);
    }
    if (h == null) {
      return;
    }
    try (Fd socket = SocketSurvey.here(h.process(), h.descriptor())) {
      if (SocketQueue.count(socket, SocketQueue.SIOCOUTQ) > 0) {
        throw refused(p, d, SENT_ALREADY);
      }
    }
  }

  /** Whether a client, which may be running, has sent something that nobody has read. */
  static boolean hasSent(ProcessFacts.FdFacts client) {
    try (Fd socket = SocketSurvey.here(client.process().pid(), client.number())) {
      return SocketQueue.count(socket, SocketQueue.SIOCOUTQ) > 0;
    } catch (LinuxException e) {
      // EBADF or ESRCH: it has just been closed.
      return false;
    }
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    Fd fd = tree.unixSockets().socket(f.getUnixSocket().getInode());
    flags(fd, f);
    return fd;
  }

  /** Status flags of a socket. */
  static void flags(Fd fd, OpenFile f) {
    int wanted = f.getFlags() & Fd.O_NONBLOCK;
    long r = fd.fcntl(4, wanted);
    if (!Errno.EINVAL.is(r)) {
      hob.linux.Sys.check(r, "fcntl", "F_SETFL", wanted);
    }
  }
}
