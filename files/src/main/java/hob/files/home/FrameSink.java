package hob.files.home;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Sends frames to a guest's host, in order. Any thread; blocks while the host does not keep up. */
public interface FrameSink {
  /**
   * Sends what remains of {@code frame}.
   *
   * @throws IOException if the connection has gone
   */
  void send(ByteBuffer frame) throws IOException;
}
