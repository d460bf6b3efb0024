package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.NetlinkSocket;
import hob.image.proto.OpenFile;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Socket;
import hob.linux.Sys;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * netlink(7): a socket towards the kernel, of a family that keeps no state for it, with its port,
 * groups and options. What it asks is answered about the network of the host where it is. Answers
 * that nobody has read yet cannot be put into a new socket.
 */
final class NetlinkSocketFile implements FileKind {
  private static final int SOL_NETLINK = 270;
  private static final int NETLINK_ADD_MEMBERSHIP = 1;
  private static final int NETLINK_LIST_MEMBERSHIPS = 9;
  private static final int MOST_GROUPS = 4096;
  private static final int SO_MEMINFO = 55;
  private static final int MEMINFO = 36;
  private static final int NAME = 12;

  /** ROUTE, USERSOCK, SOCK_DIAG, KOBJECT_UEVENT, GENERIC. */
  private static final Set<Integer> FAMILIES = Set.of(0, 2, 4, 15, 16);

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.NETLINK_SOCKET;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.protocol().equals("NETLINK");
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    try (Fd fd = SocketSurvey.here(d.process().pid(), d.number())) {
      return pin(fd);
    } catch (LinuxException e) {
      // EBADF or ESRCH: it has just been closed.
      return null;
    }
  }

  private static @Nullable String pin(Fd fd) {
    int family = Socket.option(fd, Socket.SOL_SOCKET, Socket.SO_PROTOCOL);
    if (!FAMILIES.contains(family)) {
      return "is a netlink socket of a family that keeps state for it (" + family + ")";
    }
    byte[] used = Socket.option(fd, Socket.SOL_SOCKET, SO_MEMINFO, MEMINFO);
    return used != null && used.length >= 4 && Bytes.of(used).getInt() > 0
        ? "is a netlink socket with messages that nobody has read"
        : null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    try (Fd fd = SocketSurvey.here(p, d)) {
      String reason = pin(fd);
      if (reason != null) {
        throw new Collection.Refused(
            new Refusal(p.pid(), "socket", "descriptor " + d.number() + " " + reason));
      }
      NetlinkSocket.Builder s =
          NetlinkSocket.newBuilder()
              .setType(Socket.option(fd, Socket.SOL_SOCKET, Socket.SO_TYPE))
              .setFamily(Socket.option(fd, Socket.SOL_SOCKET, Socket.SO_PROTOCOL))
              .setName(ByteString.copyFrom(Socket.name(fd)))
              .addAllOptions(SocketOptions.of(fd, Socket.AF_NETLINK));
      byte[] peer = Socket.peer(fd);
      if (peer != null) {
        s.setPeer(ByteString.copyFrom(peer));
      }
      byte[] groups =
          Socket.option(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, MOST_GROUPS / Byte.SIZE);
      for (int g = 1; groups != null && g <= groups.length * Byte.SIZE; g++) {
        if ((groups[(g - 1) / Byte.SIZE] >> ((g - 1) % Byte.SIZE) & 1) != 0) {
          s.addGroups(g);
        }
      }
      out.setKind(kind()).setNetlinkSocket(s);
    }
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    NetlinkSocket s = f.getNetlinkSocket();
    Fd fd = tree.inNetwork(() -> Socket.open(Socket.AF_NETLINK, s.getType(), s.getFamily()));
    byte[] name = s.getName().toByteArray();
    if (port(name) != 0) {
      bind(fd, name);
    }
    for (int group : s.getGroupsList()) {
      long r = Socket.setOption(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
      Sys.check(r, "setsockopt", "NETLINK_ADD_MEMBERSHIP", group);
    }
    byte[] peer = s.getPeer().toByteArray();
    if (peer.length == NAME && (port(peer) != 0 || Bytes.of(peer).getInt(8) != 0)) {
      Sys.check(Socket.connect(fd, peer), "connect", "netlink socket");
    }
    SocketOptions.set(fd, s.getOptionsList(), true);
    UnixSocketFile.flags(fd, f);
    return fd;
  }

  private static int port(byte[] name) {
    return name.length == NAME ? Bytes.of(name).getInt(4) : 0;
  }

  /** Where its port is another's now, the kernel chooses one. */
  private static void bind(Fd fd, byte[] name) {
    Bytes.of(name).putInt(8, 0);
    long r = Socket.bind(fd, name);
    if (Errno.EADDRINUSE.is(r)) {
      Bytes.of(name).putInt(4, 0);
      r = Socket.bind(fd, name);
    }
    Sys.check(r, "bind", "netlink port");
  }
}
