package hob.home.net;

import hob.linux.net.IpPacket;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What a kernel answers to a packet that nobody wants. */
final class Answer {
  private static final int LONGEST_QUOTE = 1232;

  private Answer() {}

  /** A reset, or an ICMP message that there is no such port; null for what gets no answer. */
  static byte @Nullable [] refusing(Packet p) {
    if (p.protocol() == Packet.UDP) {
      return unreachable(p);
    }
    return p.begins() ? reset(p) : null;
  }

  private static byte[] reset(Packet p) {
    byte[] b = p.bytes();
    int at = p.transport() + 4;
    int next = 1 + (Packet.number(b, at) << 16 | Packet.number(b, at + 2));
    return IpPacket.segment(
        p.destination(),
        p.destinationPort(),
        p.source(),
        p.sourcePort(),
        0,
        next,
        IpPacket.RST | IpPacket.ACK);
  }

  private static byte[] unreachable(Packet p) {
    byte[] to = p.bytes();
    byte[] quoted =
        Arrays.copyOf(to, Math.min(to.length, p.wide() ? LONGEST_QUOTE : p.transport() + 8));
    byte[] message = new byte[8 + quoted.length];
    message[0] = (byte) (p.wide() ? 1 : 3);
    message[1] = (byte) (p.wide() ? 4 : 3);
    System.arraycopy(quoted, 0, message, 8, quoted.length);
    int protocol = p.wide() ? IpPacket.ICMPV6 : IpPacket.ICMP;
    return IpPacket.of(p.destination(), p.source(), protocol, message, 2);
  }
}
