package hob.home.net;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** An IP packet of TCP or UDP. Immutable but for its bytes, which are whoever's made it. */
final class Packet {
  static final int TCP = 6;
  static final int UDP = 17;
  private static final int FIN = 1;
  private static final int SYN = 2;
  private static final int RST = 4;
  private static final int ACK = 16;
  private static final int FLAGS = 13;

  private final byte[] bytes;
  private final boolean wide;
  private final int protocol;
  private final int transport;

  private Packet(byte[] bytes, boolean wide, int protocol, int transport) {
    this.bytes = bytes;
    this.wide = wide;
    this.protocol = protocol;
    this.transport = transport;
  }

  /** What the bytes are; null when they are no whole packet of TCP or UDP. */
  static @Nullable Packet of(byte[] b) {
    if (b.length < 28) {
      return null;
    }
    boolean wide = (b[0] & 0xf0) == 0x60;
    if (!wide && (b[0] & 0xf0) != 0x40) {
      return null;
    }
    int transport = wide ? 40 : (b[0] & 0xf) << 2;
    int protocol = wide ? b[6] : b[9];
    int length = wide ? 40 + number(b, 4) : number(b, 2);
    boolean fragment = !wide && (number(b, 6) & 0x3fff) != 0;
    int least = protocol == TCP ? 20 : 8;
    boolean known = protocol == TCP || protocol == UDP;
    boolean whole = length == b.length && transport >= 20 && b.length >= transport + least;
    return fragment || !known || !whole ? null : new Packet(b, wide, protocol, transport);
  }

  static int number(byte[] b, int at) {
    return (b[at] & 0xff) << 8 | (b[at + 1] & 0xff);
  }

  byte[] bytes() {
    return bytes;
  }

  /** Whether it is of IPv6. */
  boolean wide() {
    return wide;
  }

  int protocol() {
    return protocol;
  }

  /** Where its header of TCP or UDP begins. */
  int transport() {
    return transport;
  }

  int sourcePort() {
    return number(bytes, transport);
  }

  int destinationPort() {
    return number(bytes, transport + 2);
  }

  byte[] source() {
    return wide ? Arrays.copyOfRange(bytes, 8, 24) : Arrays.copyOfRange(bytes, 12, 16);
  }

  byte[] destination() {
    return wide ? Arrays.copyOfRange(bytes, 24, 40) : Arrays.copyOfRange(bytes, 16, 20);
  }

  private int flags() {
    return protocol == TCP ? bytes[transport + FLAGS] : 0;
  }

  /** Whether it begins a connection of TCP. */
  boolean begins() {
    return (flags() & (SYN | ACK)) == SYN;
  }

  boolean resets() {
    return (flags() & RST) != 0;
  }

  boolean ends() {
    return (flags() & FIN) != 0;
  }

  boolean acknowledges() {
    return (flags() & ACK) != 0;
  }

  /** The flow of a packet that comes in. */
  FlowKey incoming() {
    int at = wide ? 8 : 12;
    int length = wide ? 16 : 4;
    return FlowKey.of(bytes, wide, protocol, at, transport, at + length, transport + 2);
  }

  /** The flow of a packet that goes out. */
  FlowKey outgoing() {
    int at = wide ? 8 : 12;
    int length = wide ? 16 : 4;
    return FlowKey.of(bytes, wide, protocol, at + length, transport + 2, at, transport);
  }
}
