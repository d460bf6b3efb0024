package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.SocketOption;
import hob.linux.Fd;
import hob.linux.Socket;
import hob.linux.Sys;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Options of a socket, read by a table of those that the kernel lets one read and set again. What a
 * new socket has already is left alone, so that defaults stay defaults.
 */
final class SocketOptions {
  private static final System.Logger LOG = System.getLogger(SocketOptions.class.getName());
  private static final int SOL_IP = 0;
  private static final int SOL_TCP = 6;
  private static final int SOL_UDP = 17;
  private static final int SOL_IPV6 = 41;
  private static final int SOL_ICMPV6 = 58;
  private static final int SOL_RAW = 255;
  private static final int SOL_NETLINK = 270;
  private static final int SO_REUSEADDR = 2;
  private static final int SO_ATTACH_FILTER = 26;
  private static final int SO_LOCK_FILTER = 44;

  /** Options of one level whose values have at most {@code size} bytes. */
  private record Row(int level, int size, int... names) {}

  private static final List<Row> TABLE =
      List.of(
          new Row(
              Socket.SOL_SOCKET,
              4,
              2,
              5,
              6,
              7,
              8,
              9,
              10,
              11,
              12,
              15,
              16,
              18,
              29,
              34,
              35,
              36,
              37,
              40,
              41,
              42,
              43,
              45,
              46,
              60,
              63,
              64,
              69,
              76,
              72),
          new Row(Socket.SOL_SOCKET, 8, 13, 47, 61),
          new Row(Socket.SOL_SOCKET, 16, 20, 21, 25),
          new Row(
              SOL_IP, 4, 1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 15, 18, 19, 20, 21, 22, 23, 24, 25, 26,
              33, 34, 49, 50, 51),
          new Row(SOL_IP, 40, 4),
          new Row(
              SOL_IPV6, 4, 7, 11, 16, 17, 18, 19, 23, 25, 26, 29, 33, 49, 51, 53, 56, 58, 60, 62,
              66, 67, 70, 72, 73, 74, 75, 76, 77, 78),
          new Row(SOL_TCP, 4, 1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 17, 18, 25, 27, 30, 34, 36),
          new Row(SOL_TCP, 16, 13),
          new Row(SOL_UDP, 4, 1, 100, 101, 102, 103, 104),
          new Row(SOL_RAW, 4, 1),
          new Row(SOL_NETLINK, 4, 3, 4, 5, 8, 10, 11, 12),
          new Row(SOL_ICMPV6, 32, 1));

  private SocketOptions() {}

  /** All options of a socket that have a value. */
  static List<SocketOption> of(Fd socket, int domain) {
    List<SocketOption> all = new ArrayList<>();
    for (Row row : TABLE) {
      if (row.level == Socket.SOL_SOCKET || domain != Socket.AF_UNIX) {
        for (int name : row.names) {
          byte[] value = Socket.option(socket, row.level, name, row.size);
          if (value != null && value.length > 0) {
            all.add(option(row.level, name, value));
          }
        }
      }
    }
    byte[] filter = Socket.filter(socket);
    if (filter.length > 0) {
      all.add(option(Socket.SOL_SOCKET, SO_ATTACH_FILTER, filter));
      byte[] lock = Socket.option(socket, Socket.SOL_SOCKET, SO_LOCK_FILTER, 4);
      if (lock != null) {
        all.add(option(Socket.SOL_SOCKET, SO_LOCK_FILTER, lock));
      }
    }
    return all;
  }

  private static SocketOption option(int level, int name, byte[] value) {
    return SocketOption.newBuilder()
        .setLevel(level)
        .setName(name)
        .setValue(ByteString.copyFrom(value))
        .build();
  }

  /**
   * Sets what differs. Called before a socket gets its address, since some options must stand then,
   * and again when it is otherwise complete; filters come with the last call.
   */
  static void set(Fd socket, List<SocketOption> options, boolean complete) {
    for (SocketOption o : options) {
      byte[] wanted = o.getValue().toByteArray();
      boolean generic = o.getLevel() == Socket.SOL_SOCKET;
      if (generic && o.getName() == SO_ATTACH_FILTER) {
        if (complete) {
          Socket.filter(socket, wanted);
        }
        continue;
      }
      byte[] now = Socket.option(socket, o.getLevel(), o.getName(), wanted.length);
      if (!complete && generic && o.getName() == SO_REUSEADDR) {
        // Whoever binds sees to it.
        continue;
      }
      if (Arrays.equals(now, wanted) || (!complete && generic && o.getName() == SO_LOCK_FILTER)) {
        continue;
      }
      long r = set(socket, o, wanted, generic);
      if (complete && Sys.failed(r)) {
        LOG.log(
            System.Logger.Level.DEBUG,
            "option {0} of level {1} stays at its default: errno {2}",
            o.getName(),
            o.getLevel(),
            -r);
      }
    }
  }

  /** Buffer sizes are shown doubled, and may be over the limit that binds the program. */
  private static long set(Fd socket, SocketOption o, byte[] wanted, boolean generic) {
    int name = o.getName();
    if (generic && (name == Socket.SO_SNDBUF || name == Socket.SO_RCVBUF)) {
      int force = name == Socket.SO_SNDBUF ? Socket.SO_SNDBUFFORCE : Socket.SO_RCVBUFFORCE;
      return Socket.setOption(socket, Socket.SOL_SOCKET, force, Bytes.of(wanted).getInt() / 2);
    }
    return Socket.setOption(socket, o.getLevel(), name, wanted);
  }
}
