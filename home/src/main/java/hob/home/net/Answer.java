package hob.home.net;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What a kernel answers to a packet that nobody wants. */
final class Answer {
  private static final int ICMP = 1;
  private static final int ICMP6 = 58;
  private static final int RST_ACK = 0x14;
  private static final int TTL = 64;

  private Answer() {}

  /** A reset, or an ICMP message that there is no such port; null for what gets no answer. */
  static byte @Nullable [] refusing(Packet p) {
    if (p.protocol() == Packet.UDP) {
      return unreachable(p);
    }
    return p.begins() ? reset(p) : null;
  }

  private static byte[] reset(Packet p) {
    byte[] to = p.bytes();
    int t = p.transport();
    byte[] segment = new byte[20];
    System.arraycopy(to, t + 2, segment, 0, 2);
    System.arraycopy(to, t, segment, 2, 2);
    int next = 1 + (Packet.number(to, t + 4) << 16 | Packet.number(to, t + 6));
    for (int i = 0; i < 4; i++) {
      segment[8 + i] = (byte) (next >> 24 - 8 * i);
    }
    segment[12] = 0x50;
    segment[13] = RST_ACK;
    return packet(p, Packet.TCP, segment, 16);
  }

  private static byte[] unreachable(Packet p) {
    byte[] to = p.bytes();
    byte[] quoted = Arrays.copyOf(to, Math.min(to.length, p.wide() ? 1232 : p.transport() + 8));
    byte[] message = new byte[8 + quoted.length];
    message[0] = (byte) (p.wide() ? 1 : 3);
    message[1] = (byte) (p.wide() ? 4 : 3);
    System.arraycopy(quoted, 0, message, 8, quoted.length);
    return packet(p, p.wide() ? ICMP6 : ICMP, message, 2);
  }

  /**
   * A packet back to who sent {@code p}.
   *
   * @param sum where in {@code payload} its checksum belongs
   */
  private static byte[] packet(Packet p, int protocol, byte[] payload, int sum) {
    byte[] to = p.bytes();
    int head = p.wide() ? 40 : 20;
    int address = p.wide() ? 16 : 4;
    int at = p.wide() ? 8 : 12;
    byte[] b = new byte[head + payload.length];
    System.arraycopy(to, at + address, b, at, address);
    System.arraycopy(to, at, b, at + address, address);
    System.arraycopy(payload, 0, b, head, payload.length);
    if (p.wide()) {
      b[0] = 0x60;
      put(b, 4, payload.length);
      b[6] = (byte) protocol;
      b[7] = TTL;
    } else {
      b[0] = 0x45;
      put(b, 2, b.length);
      b[8] = TTL;
      b[9] = (byte) protocol;
      put(b, 10, ~fold(sum(b, 0, 20)));
    }
    boolean plain = protocol == ICMP;
    long pseudo = plain ? 0 : sum(b, at, 2 * address) + protocol + payload.length;
    put(b, head + sum, ~fold(pseudo + sum(b, head, payload.length)));
    return b;
  }

  private static void put(byte[] b, int at, int value) {
    b[at] = (byte) (value >> 8);
    b[at + 1] = (byte) value;
  }

  private static long sum(byte[] b, int from, int length) {
    long sum = 0;
    for (int i = from; i < from + length; i++) {
      sum += (i - from & 1) == 0 ? (b[i] & 0xff) << 8 : b[i] & 0xff;
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
