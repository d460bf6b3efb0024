package hob.home.net;

import java.nio.ByteBuffer;

/** Carries frames to other hosts' {@link HostNetwork}. Any thread. */
public interface PacketWire {
  /**
   * Sends a frame after all earlier ones to that host, or drops it, as networks do. Never blocks.
   *
   * @param frame not to be changed afterwards
   */
  void send(String peer, ByteBuffer frame);
}
