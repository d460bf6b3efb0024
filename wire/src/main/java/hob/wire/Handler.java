package hob.wire;

import com.google.protobuf.Message;
import hob.wire.peer.CloseCause;
import java.nio.ByteBuffer;

/**
 * Receives what comes in over a connection.
 *
 * <p>All methods are called by the connection's reader thread, one at a time, in the order in which
 * the peer sent. They must not block, nor {@linkplain Connection#call call} over the same
 * connection: nothing else is read meanwhile, not even replies. {@link OrderedHandler} lifts that.
 * What they throw is logged; a request is answered with a failure.
 */
public interface Handler {
  /** The first byte of a frame that is no envelope: no protobuf message begins with a zero tag. */
  byte FRAME = 0;

  /** The connection is open; comes first. */
  default void opened(Connection connection) {}

  /** A message that wants no reply. */
  void message(Connection connection, Message message);

  /** A request; {@code reply} may be used later, by any thread. */
  void request(Connection connection, Message request, Reply reply);

  /**
   * Bytes that the peer sent with {@link Connection#sendFrame}. An {@link OrderedHandler} too calls
   * this on the reader thread, so that nothing is copied that need not be.
   *
   * @param body a heap buffer, valid only during the call
   */
  default void frame(Connection connection, ByteBuffer body) {
    throw new IllegalArgumentException("a frame of bytes, which nobody here expects");
  }

  /** The connection is closed; comes last, once. All calls under way have failed by then. */
  default void closed(Connection connection, CloseCause cause) {}
}
