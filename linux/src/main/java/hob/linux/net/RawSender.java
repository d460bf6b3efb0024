package hob.linux.net;

import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.Socket;
import hob.linux.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Sends whole IP packets as they are ({@code raw(7)}, IP_HDRINCL), as if a process of the network
 * namespace in which this was made had sent them: the namespace's routes lead to the receiver, who
 * may be a socket of its own, and the sender's address may be anybody's. Needs CAP_NET_RAW. One
 * thread at a time.
 */
public final class RawSender implements AutoCloseable {
  private static final int IPPROTO_RAW = 255;
  private static final int SO_MARK = 36;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int ROOM = 4 << 20;
  private static final int ADDRESS = 32;

  private final Fd ipv4;
  private final Fd ipv6;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer = arena.allocate(ADDRESS + 65_600L, 8);

  private RawSender(int mark) {
    ipv4 = open(Socket.AF_INET, mark);
    ipv6 = open(Socket.AF_INET6, mark);
  }

  /**
   * Of the calling thread's network namespace.
   *
   * @param mark SO_MARK of the packets; 0 for none
   */
  public static RawSender here(int mark) {
    return new RawSender(mark);
  }

  private static Fd open(int family, int mark) {
    Fd fd = Socket.open(family, Socket.SOCK_RAW, IPPROTO_RAW);
    if (mark != 0) {
      Sys.check(Socket.setOption(fd, Socket.SOL_SOCKET, SO_MARK, mark), "setsockopt", "SO_MARK");
    }
    Socket.setOption(fd, Socket.SOL_SOCKET, Socket.SO_SNDBUFFORCE, ROOM);
    return fd;
  }

  /** Sends a packet; 0 or more, or {@code -errno}: EMSGSIZE when no device on its way takes it. */
  public long send(byte[] packet) {
    boolean wide = (packet[0] & 0xf0) == 0x60;
    buffer.asSlice(0, ADDRESS).fill((byte) 0);
    buffer.set(ValueLayout.JAVA_BYTE, 0, (byte) (wide ? Socket.AF_INET6 : Socket.AF_INET));
    MemorySegment.copy(
        packet, wide ? 24 : 16, buffer, ValueLayout.JAVA_BYTE, wide ? 8 : 4, wide ? 16 : 4);
    MemorySegment.copy(packet, 0, buffer, ValueLayout.JAVA_BYTE, ADDRESS, packet.length);
    return Sys.call(
        Nr.SENDTO,
        (wide ? ipv6 : ipv4).number(),
        buffer.address() + ADDRESS,
        packet.length,
        MSG_DONTWAIT,
        buffer.address(),
        wide ? 28 : 16);
  }

  @Override
  public void close() {
    Fd.closeAll(ipv4, ipv6);
    arena.close();
  }
}
