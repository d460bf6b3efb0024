package hob.migration.source;

import com.google.protobuf.ByteString;
import hob.home.MoveRefusedException;
import hob.migration.Laps;
import hob.migration.MoveId;
import hob.migration.SerialExecutor;
import hob.migration.fault.FaultPoint;
import hob.migration.message.Message;
import hob.migration.source.SourceState.Asked;
import hob.migration.source.SourceState.Ended;
import hob.migration.source.SourceState.Frozen;
import hob.migration.source.SourceState.InDoubt;
import hob.migration.source.SourceState.Offered;
import hob.wire.bulk.BulkSender;
import hob.wire.peer.WireException;
import hob.wire.proto.TreeHeader;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** One move whose source is here. */
final class Outgoing {
  private static final System.Logger LOG = System.getLogger(Outgoing.class.getName());

  /** How often letting the tree run on is tried before it counts as lost. */
  private static final int STAYS = 5;

  private final SourceRole role;
  private final MoveId move;
  private final SerialExecutor worker;

  private int failedStays;

  /** Changed by the worker alone. */
  private volatile SourceState state;

  // Guarded by this.
  private boolean calledOff;
  private @Nullable BulkSender sender;

  Outgoing(SourceRole role, MoveId move, SourceState state, SerialExecutor worker) {
    this.role = role;
    this.move = move;
    this.state = state;
    this.worker = worker;
  }

  MoveId move() {
    return move;
  }

  /** The same copy, as the home calls its move. */
  Outgoing as(MoveId other) {
    return new Outgoing(role, other, state, worker);
  }

  boolean isInDoubt() {
    return state instanceof InDoubt;
  }

  /** Any thread. */
  void hear(Message.ToSource order) {
    if (order instanceof Message.Stay) {
      callOff();
    }
    worker.execute(() -> obey(order));
  }

  private void obey(Message.ToSource order) {
    switch (order) {
      case Message.Depart m -> depart(m.rootPid());
      case Message.Send m -> send(m);
      case Message.Leave m -> leave(m.target());
      case Message.Stay _ -> stay();
    }
  }

  private void depart(int rootPid) {
    if (!(state instanceof Asked asked)) {
      return;
    }
    try {
      role.faults().at(FaultPoint.SOURCE_ASKED);
      Offered offered = asked.offer(role.engine(), move, rootPid);
      state = offered;
      role.faults().at(FaultPoint.SOURCE_OFFERED);
      var outline = offered.departure().outline();
      role.report(
          new Message.Departing(
              move, ByteString.copyFrom(outline.toByteArray()), outline.getResidentBytes()));
    } catch (MoveRefusedException e) {
      end();
      role.report(new Message.DepartureRefused(move, e.refusals()));
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, move + ": cannot depart", e);
      fail(String.valueOf(e.getMessage()));
    }
  }

  private void send(Message.Send order) {
    if (!(state instanceof Offered offered)) {
      return;
    }
    try {
      role.wires().warmBulk(order.target());
      role.faults().at(FaultPoint.SOURCE_FREEZING);
      Laps laps = new Laps();
      Frozen frozen = offered.freeze();
      state = frozen;
      laps.lap("freeze");
      role.faults().at(FaultPoint.SOURCE_FROZEN);
      stream(frozen, order, laps);
      LOG.log(System.Logger.Level.DEBUG, "{0}: source: {1}", move, laps);
    } catch (MoveRefusedException e) {
      // It runs on; the home answers with Stay, which ends the departure.
      role.report(new Message.DepartureRefused(move, e.refusals()));
    } catch (WireException e) {
      fail(e.getMessage());
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, move + ": cannot send", e);
      fail(String.valueOf(e.getMessage()));
    }
  }

  private void stream(Frozen frozen, Message.Send order, Laps laps) throws WireException {
    ByteBuffer header =
        TreeHeader.newBuilder()
            .setSession(move.session().toString())
            .setIncarnation(move.incarnation())
            .setFrozenAtNanos(frozen.departure().frozenAtNanos())
            .setImage(ByteString.copyFrom(frozen.image()))
            .build()
            .toByteString()
            .asReadOnlyByteBuffer();
    long total = frozen.departure().pageBytes();
    try (BulkSender to = role.wires().openBulk(order.target(), order.token(), total, header)) {
      breakable(to);
      state = frozen.send(role.strategy(order.strategy()), to, role.faults(), laps);
      laps.lap("hold");
      role.faults().at(FaultPoint.SOURCE_HOLDING);
      to.finish();
      laps.lap("confirmed");
      role.faults().at(FaultPoint.SOURCE_IN_DOUBT);
    } finally {
      breakable(null);
    }
  }

  private void leave(String target) {
    role.faults().at(FaultPoint.SOURCE_LEAVING);
    if (state instanceof InDoubt doubt) {
      state = doubt.leave(target);
      role.faults().at(FaultPoint.SOURCE_LEFT);
    } else if (!(state instanceof Ended)) {
      LOG.log(System.Logger.Level.ERROR, "{0}: told to leave while {1}", move, state);
      return;
    }
    end();
    role.report(new Message.Left(move));
  }

  /** What fails is tried again when the home repeats its order; but not for ever. */
  private void stay() {
    String problem = "";
    try {
      role.faults().at(FaultPoint.SOURCE_STAYING);
      state = runOn();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, move + ": cannot let it run on", e);
      if (++failedStays < STAYS) {
        return;
      }
      problem = String.valueOf(e.getMessage());
    }
    end();
    role.report(new Message.Stayed(move, problem));
  }

  private Ended runOn() {
    return switch (state) {
      case Asked _ -> new Ended();
      case Offered s -> s.stay();
      case Frozen s -> s.stay();
      case InDoubt s -> s.stay();
      case Ended s -> s;
    };
  }

  /** A step failed; unless the target may have the tree, it runs on here at once. */
  private void fail(String why) {
    if (state instanceof InDoubt) {
      role.report(new Message.SendFailed(move, why, false));
      return;
    }
    try {
      state = runOn();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, move + ": cannot let it run on", e);
    }
    role.report(new Message.SendFailed(move, why, true));
  }

  private void end() {
    state = new Ended();
    role.ended(this);
  }

  private synchronized void breakable(@Nullable BulkSender to) throws WireException {
    sender = to;
    if (to != null && calledOff) {
      throw new WireException.TransferBroken("the move was called off");
    }
  }

  private synchronized void callOff() {
    calledOff = true;
    if (sender != null && !isInDoubt()) {
      sender.close();
    }
  }
}
