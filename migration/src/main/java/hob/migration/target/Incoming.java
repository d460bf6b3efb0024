package hob.migration.target;

import com.google.protobuf.InvalidProtocolBufferException;
import hob.home.Arrival;
import hob.home.MoveRefusedException;
import hob.image.format.ImageException;
import hob.image.format.TreeImages;
import hob.migration.Laps;
import hob.migration.MoveId;
import hob.migration.fault.FaultPoint;
import hob.migration.journal.Entry;
import hob.migration.message.Message;
import hob.migration.target.TargetState.Asked;
import hob.migration.target.TargetState.Mapped;
import hob.migration.target.TargetState.Prepared;
import hob.migration.target.TargetState.Ready;
import hob.migration.target.TargetState.Removed;
import hob.migration.target.TargetState.Running;
import hob.wire.bulk.BulkReceiver;
import hob.wire.bulk.Chunk;
import hob.wire.bulk.TransferToken;
import hob.wire.peer.WireException;
import hob.wire.proto.TreeHeader;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** One move whose target is here. */
final class Incoming {
  private static final System.Logger LOG = System.getLogger(Incoming.class.getName());

  private static final int REMOVALS = 3;

  private final TargetRole role;
  private final MoveId move;

  // Guarded by this. The worker holds no lock while it works: until the tree is prepared, others
  // only set `calledOff`, and the worker removes what it has built.
  private TargetState state;
  private boolean calledOff;
  private @Nullable BulkReceiver receiver;

  /** Of the worker. */
  private @Nullable BulkReceiver transfer;

  Incoming(TargetRole role, MoveId move, TargetState state) {
    this.role = role;
    this.move = move;
    this.state = state;
  }

  MoveId move() {
    return move;
  }

  synchronized boolean isInDoubt() {
    return state instanceof Prepared;
  }

  /** Carries the move as far as the home's decision; on a worker. */
  void receive(Message.Prepare order) {
    try {
      role.faults().at(FaultPoint.TARGET_ASKED);
      Arrival arrival =
          role.engine()
              .arrive(
                  move.session(),
                  move.incarnation(),
                  TreeImages.parseOutline(order.outline().toByteArray()));
      enter(new Asked().ready(arrival));
      receive(order.source());
    } catch (MoveRefusedException e) {
      remove();
      role.report(new Message.ArrivalRefused(move, e.refusals()));
    } catch (ImageException e) {
      fail(e.getMessage());
    } catch (InvalidProtocolBufferException e) {
      fail("the header is not of this version: " + e.getMessage());
    } catch (WireException e) {
      fail(e.getMessage());
    } catch (InterruptedException _) {
      fail("the daemon shuts down");
    } catch (RuntimeException e) {
      if (!isCalledOff()) {
        LOG.log(System.Logger.Level.ERROR, move + ": cannot arrive", e);
      }
      fail(String.valueOf(e.getMessage()));
    } finally {
      // After the home has been told why: the source only sees that nobody listens.
      if (transfer != null) {
        transfer.close();
      }
    }
  }

  private void receive(String source)
      throws WireException, InterruptedException, InvalidProtocolBufferException {
    TransferToken token = TransferToken.random();
    BulkReceiver in = role.wires().expectBulk(source, token);
    transfer = in;
    try {
      breakable(in);
      role.faults().at(FaultPoint.TARGET_READY);
      role.report(new Message.Ready(move, token));
      ByteBuffer metadata = in.metadata(role.timeouts().prepare());
      Laps laps = new Laps();
      TreeHeader header = TreeHeader.parseFrom(metadata);
      role.faults().at(FaultPoint.TARGET_RECEIVING);
      laps.lap("header");
      Mapped mapped = fill(header.getImage().toByteArray(), in, laps);
      laps.lap("pages");
      role.faults().at(FaultPoint.TARGET_FILLED);
      Prepared prepared = mapped.prepare();
      laps.lap("prepare");
      breakable(null);
      enter(prepared);
      role.faults().at(FaultPoint.TARGET_PREPARED);
      role.report(
          new Message.Prepared(
              move, header.getFrozenAtNanos(), header.getImage().size(), in.totalBytes()));
      role.faults().at(FaultPoint.TARGET_IN_DOUBT);
      laps.lap("told");
      LOG.log(System.Logger.Level.DEBUG, "{0}: target: {1}", move, laps);
    } finally {
      breakable(null);
    }
  }

  private Mapped fill(byte[] image, BulkReceiver in, Laps laps)
      throws WireException, InterruptedException {
    if (!(current() instanceof Ready ready)) {
      throw new WireException.TransferBroken("the move was called off");
    }
    Mapped mapped = ready.map(image);
    enter(mapped);
    laps.lap("map");
    role.faults().at(FaultPoint.TARGET_MAPPED);
    if (in.totalBytes() != mapped.arrival().pageBytes()) {
      throw new WireException.TransferBroken(
          "%d bytes of pages, where the image has %d"
              .formatted(in.totalBytes(), mapped.arrival().pageBytes()));
    }
    for (Chunk c = in.next(role.timeouts().stall());
        c != null;
        c = in.next(role.timeouts().stall())) {
      mapped.arrival().write(c.offset(), c.data());
    }
    return mapped;
  }

  /** The home's word is to run; on the thread that brings it. */
  synchronized void resume() {
    switch (state) {
      case Prepared p -> {
        role.journal().append(new Entry.Took(move));
        role.faults().at(FaultPoint.TARGET_RESUMING);
        long heard = System.nanoTime();
        Running running = p.resume();
        state = running;
        role.ended(this);
        role.faults().at(FaultPoint.TARGET_RESUMED);
        role.report(new Message.Resumed(move, running.resumedAtNanos()));
        LOG.log(
            System.Logger.Level.DEBUG,
            "{0}: target: resume {1} us",
            move,
            (running.resumedAtNanos() - heard) / 1_000);
      }
      case Running r -> role.report(new Message.Resumed(move, r.resumedAtNanos()));
      case Removed _ -> role.report(new Message.Missing(move, false));
      case Asked _, Ready _, Mapped _ ->
          LOG.log(System.Logger.Level.ERROR, "{0}: told to run while {1}", move, state);
    }
  }

  /** The home's word is to remove it; any thread. */
  void destroy() {
    BulkReceiver in;
    synchronized (this) {
      calledOff = true;
      in = receiver;
      if (!(state instanceof Prepared)) {
        if (in != null) {
          in.close();
        }
        return;
      }
    }
    role.execute(this::destroyNow);
  }

  /** Nobody orders it a second time: what fails is tried again here. */
  private void destroyNow() {
    for (int tries = 1; ; tries++) {
      try {
        role.faults().at(FaultPoint.TARGET_DESTROYING);
        break;
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.ERROR, move + ": cannot remove it", e);
        if (tries == REMOVALS) {
          break;
        }
      }
    }
    remove();
    role.report(new Message.Destroyed(move));
  }

  private void fail(String why) {
    boolean wanted = !isCalledOff();
    remove();
    role.report(wanted ? new Message.ArrivalFailed(move, why) : new Message.Destroyed(move));
  }

  /** Nothing of it stays; unless it runs already. */
  private synchronized void remove() {
    Arrival arrival =
        switch (state) {
          case Asked _, Running _, Removed _ -> null;
          case Ready s -> s.arrival();
          case Mapped s -> s.arrival();
          case Prepared s -> s.arrival();
        };
    if (state instanceof Running) {
      return;
    }
    state = new Removed();
    try {
      if (arrival != null) {
        arrival.destroy();
      }
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, move + ": cannot remove it", e);
    }
    role.ended(this);
  }

  private synchronized TargetState current() {
    return state;
  }

  private synchronized boolean isCalledOff() {
    return calledOff;
  }

  private synchronized void enter(TargetState next) throws WireException {
    state = next;
    if (calledOff) {
      throw new WireException.TransferBroken("the move was called off");
    }
  }

  private synchronized void breakable(@Nullable BulkReceiver in) throws WireException {
    receiver = in;
    if (in != null && calledOff) {
      throw new WireException.TransferBroken("the move was called off");
    }
  }
}
