package hob.linux.net;

/** Writes IP packets: headers, and the checksums of RFC 1071. Any thread. */
public final class IpPacket {
  /** Protocols. */
  public static final int ICMP = 1;

  public static final int TCP = 6;
  public static final int ICMPV6 = 58;

  /** Flags of TCP. */
  public static final int FIN = 1;

  public static final int RST = 4;
  public static final int ACK = 16;

  private static final int LIFE = 64;

  private IpPacket() {}

  /**
   * A packet.
   *
   * @param from 4 or 16 bytes
   * @param to as many
   * @param sum where in {@code payload} its checksum belongs
   */
  public static byte[] of(byte[] from, byte[] to, int protocol, byte[] payload, int sum) {
    boolean wide = from.length == 16;
    int head = wide ? 40 : 20;
    int at = wide ? 8 : 12;
    byte[] b = new byte[head + payload.length];
    System.arraycopy(from, 0, b, at, from.length);
    System.arraycopy(to, 0, b, at + from.length, from.length);
    System.arraycopy(payload, 0, b, head, payload.length);
    if (wide) {
      b[0] = 0x60;
      put(b, 4, payload.length);
      b[6] = (byte) protocol;
      b[7] = LIFE;
    } else {
      b[0] = 0x45;
      put(b, 2, b.length);
      b[8] = LIFE;
      b[9] = (byte) protocol;
      put(b, 10, ~fold(sum(b, 0, 20)));
    }
    long pseudo = protocol == ICMP ? 0 : sum(b, at, 2 * from.length) + protocol + payload.length;
    put(b, head + sum, ~fold(pseudo + sum(b, head, payload.length)));
    return b;
  }

  /**
   * A segment of TCP without data or options.
   *
   * @param sequence its own number
   * @param acknowledged what the other end is to send next
   */
  public static byte[] segment(
      byte[] from, int fromPort, byte[] to, int toPort, int sequence, int acknowledged, int flags) {
    byte[] b = new byte[20];
    put(b, 0, fromPort);
    put(b, 2, toPort);
    put(b, 4, sequence >>> 16);
    put(b, 6, sequence);
    put(b, 8, acknowledged >>> 16);
    put(b, 10, acknowledged);
    b[12] = 0x50;
    b[13] = (byte) flags;
    put(b, 14, 0xffff);
    return of(from, to, TCP, b, 16);
  }

  private static void put(byte[] b, int at, int value) {
    b[at] = (byte) (value >> 8);
    b[at + 1] = (byte) value;
  }

  private static long sum(byte[] b, int from, int length) {
    long sum = 0;
    for (int i = 0; i < length; i++) {
      sum += (i & 1) == 0 ? (b[from + i] & 0xff) << 8 : b[from + i] & 0xff;
    }
    return sum;
  }

  private static int fold(long sum) {
    long s = sum;
    while (s >> 16 != 0) {
      s = (s & 0xffff) + (s >> 16);
    }
    return (int) s;
  }
}
