package hob.migration;

import hob.migration.message.Message;
import hob.wire.bulk.BulkReceiver;
import hob.wire.bulk.BulkSender;
import hob.wire.bulk.TransferToken;
import hob.wire.peer.WireException;
import java.nio.ByteBuffer;

/** How the roles of a move reach other hosts; the daemon implements it. */
public interface Wires {
  /** Name of this host. */
  String self();

  /**
   * Sends after all that was sent to that host before, exactly once as long as both daemons live;
   * never blocks for long. While the host cannot be reached the message waits. Not for this host
   * itself.
   */
  void send(String host, Message message);

  /** Whether a host can be reached now; tries to, for a moment. Empty, or why not. */
  String reach(String host);

  /** Opens a connection for a tree's bytes, if none stands ready. */
  void warmBulk(String host) throws WireException;

  /** Begins to send a tree's bytes over a connection that stands ready. */
  BulkSender openBulk(String host, TransferToken token, long total, ByteBuffer metadata)
      throws WireException;

  /** Expects a tree's bytes. */
  BulkReceiver expectBulk(String host, TransferToken token);

  /** That host's {@code System.nanoTime()} as this host's, as well as round trips can tell. */
  long toLocalNanos(String host, long nanos);
}
