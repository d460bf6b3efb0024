package hob.linux.net;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Socket;
import hob.linux.Sys;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** {@code rtnetlink(7)} of the network namespace of the thread that made it. One thread. */
public final class Rtnetlink implements AutoCloseable {
  private static final int NETLINK_ROUTE = 0;
  private static final int RTM_NEWLINK = 16;
  private static final int RTM_NEWADDR = 20;
  private static final int RTM_NEWROUTE = 24;
  private static final int REQUEST_ACK = 5;
  private static final int CREATE_REPLACE = 0x500;
  private static final int IFLA_MTU = 4;
  private static final int IFLA_TXQLEN = 13;
  private static final int IFA_ADDRESS = 1;
  private static final int IFA_LOCAL = 2;
  private static final int IFA_F_NODAD = 2;
  private static final int RTA_OIF = 4;
  private static final int RTA_PREFSRC = 7;
  private static final int RT_TABLE_MAIN = 254;
  private static final int RTPROT_STATIC = 4;
  private static final int RT_SCOPE_LINK = 253;
  private static final int RTN_UNICAST = 1;
  private static final int IFF_UP = 1;
  private static final int HEADER = 16;

  private final Fd socket;

  /** In the calling thread's network namespace. */
  public Rtnetlink() {
    socket = Socket.open(Socket.AF_NETLINK, Socket.SOCK_RAW, NETLINK_ROUTE);
  }

  /**
   * Sets a device up.
   *
   * @param mtu bytes; 0 leaves it as it is
   * @param queue how many packets may wait to leave; 0 leaves it as it is
   */
  public void up(int device, int mtu, int queue) {
    ByteBuffer b = request(RTM_NEWLINK, 0);
    b.put((byte) 0).put((byte) 0).putShort((short) 0).putInt(device).putInt(IFF_UP).putInt(IFF_UP);
    if (mtu != 0) {
      attribute(b, IFLA_MTU, number(mtu));
    }
    if (queue != 0) {
      attribute(b, IFLA_TXQLEN, number(queue));
    }
    ask(b, "RTM_NEWLINK");
  }

  /** Gives a device an address of its own, 4 or 16 bytes. */
  public void address(int device, byte[] address) {
    ByteBuffer b = request(RTM_NEWADDR, CREATE_REPLACE);
    int family = address.length == 4 ? Socket.AF_INET : Socket.AF_INET6;
    b.put((byte) family).put((byte) (8 * address.length)).put((byte) IFA_F_NODAD).put((byte) 0);
    b.putInt(device);
    attribute(b, IFA_LOCAL, ByteBuffer.wrap(address));
    attribute(b, IFA_ADDRESS, ByteBuffer.wrap(address));
    ask(b, "RTM_NEWADDR");
  }

  /**
   * Routes to a device all that no other route is for.
   *
   * @param source the address, 4 or 16 bytes, of sockets that have none
   */
  public void defaultRoute(int device, byte[] source) {
    ByteBuffer b = request(RTM_NEWROUTE, CREATE_REPLACE);
    boolean wide = source.length == 16;
    b.put((byte) (wide ? Socket.AF_INET6 : Socket.AF_INET)).put((byte) 0).put((byte) 0);
    b.put((byte) 0).put((byte) RT_TABLE_MAIN).put((byte) RTPROT_STATIC);
    b.put((byte) (wide ? 0 : RT_SCOPE_LINK)).put((byte) RTN_UNICAST).putInt(0);
    attribute(b, RTA_OIF, number(device));
    attribute(b, RTA_PREFSRC, ByteBuffer.wrap(source));
    ask(b, "RTM_NEWROUTE");
  }

  private static ByteBuffer request(int type, int flags) {
    ByteBuffer b = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    return b.putInt(0).putShort((short) type).putShort((short) (REQUEST_ACK | flags)).putLong(0);
  }

  private static ByteBuffer number(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, value);
  }

  private static void attribute(ByteBuffer b, int type, ByteBuffer value) {
    b.putShort((short) (4 + value.remaining())).putShort((short) type).put(value);
  }

  private void ask(ByteBuffer b, String what) {
    b.putInt(0, b.position());
    byte[] all = new byte[b.position()];
    b.get(0, all);
    socket.writeAll(all);
    ByteBuffer answer = ByteBuffer.wrap(socket.readSome(4096)).order(ByteOrder.LITTLE_ENDIAN);
    if (answer.limit() < HEADER + 4) {
      throw new LinuxException("rtnetlink", Errno.EPROTO, what);
    }
    Sys.check(answer.getInt(HEADER), "rtnetlink", what);
  }

  @Override
  public void close() {
    socket.close();
  }
}
