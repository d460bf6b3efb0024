package hob.migration.transfer;

import hob.home.Departure;
import hob.wire.bulk.BulkSender;
import hob.wire.peer.WireException;

/** How page contents travel. Any number of transfers at a time. */
public interface TransferStrategy {
  /** As users write it. */
  String name();

  /**
   * Sends all of the frozen tree's linear page space, but does not finish the transfer.
   *
   * @throws WireException when the target does not take it
   */
  void send(Departure departure, BulkSender to) throws WireException;
}
