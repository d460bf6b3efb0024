package hob.wire;

import com.google.protobuf.Message;
import hob.wire.peer.CloseCause;

/**
 * Receives what comes in over a connection.
 *
 * <p>All methods are called by the connection's reader thread, one at a time, in the order in which
 * the peer sent. They must not block, nor {@linkplain Connection#call call} over the same
 * connection: nothing else is read meanwhile, not even replies. {@link OrderedHandler} lifts that.
 * What they throw is logged; a request is answered with a failure.
 */
public interface Handler {
  /** The connection is open; comes first. */
  default void opened(Connection connection) {}

  /** A message that wants no reply. */
  void message(Connection connection, Message message);

  /** A request; {@code reply} may be used later, by any thread. */
  void request(Connection connection, Message request, Reply reply);

  /** The connection is closed; comes last, once. All calls under way have failed by then. */
  default void closed(Connection connection, CloseCause cause) {}
}
