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
