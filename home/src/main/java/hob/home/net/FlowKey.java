package hob.home.net;

import hob.linux.net.Diversion;
import java.util.Arrays;

/**
 * What names a flow at its local end: protocol and family, and of both ends address and port, as
 * packets that come in have them. The layout is that of {@link Diversion#FLOW}.
 */
final class FlowKey {
  private final byte[] bytes;
  private final int hash;

  private FlowKey(byte[] bytes) {
    this.bytes = bytes;
    this.hash = Arrays.hashCode(bytes);
  }

  /**
   * A flow.
   *
   * @param local offset in {@code packet} of the address of the local end
   * @param localPort offset of its port
   */
  static FlowKey of(
      byte[] packet,
      boolean wide,
      int protocol,
      int remote,
      int remotePort,
      int local,
      int localPort) {
    byte[] b = new byte[Diversion.FLOW];
    int length = wide ? 16 : 4;
    b[0] = (byte) protocol;
    b[1] = (byte) (wide ? 1 : 0);
    System.arraycopy(packet, remotePort, b, 4, 2);
    System.arraycopy(packet, localPort, b, 6, 2);
    System.arraycopy(packet, remote, b, 8, length);
    System.arraycopy(packet, local, b, 24, length);
    return new FlowKey(b);
  }

  /**
   * A TCP connection.
   *
   * @param name the local end's {@code struct sockaddr}
   * @param peer the other end's; an IPv4 address may be mapped in one of them
   */
  static FlowKey ofConnection(byte[] name, byte[] peer) {
    byte[] local = address(name);
    byte[] remote = address(peer);
    byte[] b = new byte[Diversion.FLOW];
    b[0] = Packet.TCP;
    b[1] = (byte) (local.length == 16 ? 1 : 0);
    System.arraycopy(peer, 2, b, 4, 2);
    System.arraycopy(name, 2, b, 6, 2);
    System.arraycopy(remote, 0, b, 8, remote.length);
    System.arraycopy(local, 0, b, 24, local.length);
    return new FlowKey(b);
  }

  private static byte[] address(byte[] name) {
    if (name.length < 28) {
      return Arrays.copyOfRange(name, 4, 8);
    }
    boolean mapped = name[18] == -1 && name[19] == -1;
    for (int i = 8; i < 18; i++) {
      mapped &= name[i] == 0;
    }
    return Arrays.copyOfRange(name, mapped ? 20 : 8, 24);
  }

  byte[] bytes() {
    return bytes.clone();
  }

  int protocol() {
    return bytes[0];
  }

  int localPort() {
    return (bytes[6] & 0xff) << 8 | (bytes[7] & 0xff);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof FlowKey k && Arrays.equals(bytes, k.bytes);
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
