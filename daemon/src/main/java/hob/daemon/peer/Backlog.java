package hob.daemon.peer;

import hob.wire.proto.StreamItem;
import java.util.ArrayDeque;
import java.util.List;

/** What was sent to a peer and not confirmed yet. Guarded by its owner's lock. */
final class Backlog {
  private final ArrayDeque<StreamItem> unconfirmed = new ArrayDeque<>();
  private long next = 1;
  private long bytes;

  /** Numbers an item and keeps it. */
  StreamItem add(StreamItem.Builder item) {
    StreamItem numbered = item.setSeq(next++).build();
    unconfirmed.add(numbered);
    bytes += numbered.getSerializedSize();
    return numbered;
  }

  /** The peer acted on everything up to {@code seq}. */
  void confirm(long seq) {
    while (!unconfirmed.isEmpty() && unconfirmed.element().getSeq() <= seq) {
      bytes -= unconfirmed.remove().getSerializedSize();
    }
  }

  /** Bytes of all that is not confirmed. */
  long bytes() {
    return bytes;
  }

  /** What is to be sent on a new connection, in order. */
  List<StreamItem> all() {
    return List.copyOf(unconfirmed);
  }
}
