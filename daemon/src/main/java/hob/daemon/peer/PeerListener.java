package hob.daemon.peer;

import com.google.protobuf.Message;
import hob.wire.Reply;
import hob.wire.proto.StreamItem;

/**
 * Hears of other daemons. Called by the reader thread of the connection; must not block for long.
 */
public interface PeerListener {
  /**
   * A peer is heard.
   *
   * @param newDaemon whether it is not the daemon that was heard before
   */
  void up(String peer, boolean newDaemon);

  /** A peer is heard no more. */
  void down(String peer, String why);

  /** The next message of the peer's stream. */
  void item(String peer, StreamItem item);

  /** A request outside of the stream. */
  void request(String peer, Message request, Reply reply);
}
