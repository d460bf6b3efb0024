package hob.migration.source;

import hob.home.Departure;
import hob.home.Engine;
import hob.home.MoveRefusedException;
import hob.migration.Laps;
import hob.migration.MoveId;
import hob.migration.fault.FaultPoint;
import hob.migration.fault.Faults;
import hob.migration.transfer.TransferStrategy;
import hob.wire.bulk.BulkSender;
import hob.wire.peer.WireException;

/** Where a move stands at its source. */
sealed interface SourceState {
  /** The home asked; nothing is done. */
  record Asked() implements SourceState {
    Offered offer(Engine engine, MoveId move, int rootPid) throws MoveRefusedException {
      return new Offered(engine.depart(move.session(), rootPid, move.incarnation()));
    }
  }

  /** The tree may move, and runs on. */
  record Offered(Departure departure) implements SourceState {
    /** Stops the tree; if that fails it runs on and nothing has changed. */
    Frozen freeze() throws MoveRefusedException {
      return new Frozen(departure, departure.freeze());
    }

    Ended stay() {
      departure.resume();
      return new Ended();
    }
  }

  /**
   * The tree stands still and is captured.
   *
   * @param image serialised {@code TreeImage}
   */
  record Frozen(Departure departure, byte[] image) implements SourceState {
    /**
     * Sends all but what ends the transfer, then gives up the right to let the tree run. The image
     * goes first, so that the target works on it while the pages are read.
     */
    InDoubt send(TransferStrategy strategy, BulkSender to, Faults faults, Laps laps)
        throws WireException {
      to.flush();
      laps.lap("image");
      strategy.send(departure, to);
      to.flush();
      laps.lap("pages");
      faults.at(FaultPoint.SOURCE_SENDING);
      departure.holdInDoubt();
      return new InDoubt(departure);
    }

    Ended stay() {
      departure.resume();
      return new Ended();
    }
  }

  /** The target may have all of the tree: only the home knows what is to become of this copy. */
  record InDoubt(Departure departure) implements SourceState {
    Ended leave(String target) {
      departure.leave(target);
      return new Ended();
    }

    Ended stay() {
      departure.resume();
      return new Ended();
    }
  }

  /** The copy is given up, or runs on. */
  record Ended() implements SourceState {}
}
