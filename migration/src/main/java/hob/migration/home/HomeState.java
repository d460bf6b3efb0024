package hob.migration.home;

import hob.image.Refusal;
import hob.migration.fault.FaultPoint;
import hob.migration.home.HomeAction.At;
import hob.migration.home.HomeAction.Locate;
import hob.migration.home.HomeAction.Lose;
import hob.migration.home.HomeAction.Redecide;
import hob.migration.home.HomeAction.TellSource;
import hob.migration.home.HomeAction.TellTarget;
import hob.migration.home.HomeAction.Write;
import hob.migration.journal.Entry;
import hob.migration.journal.Entry.Closed;
import hob.migration.message.Message.ArrivalFailed;
import hob.migration.message.Message.ArrivalRefused;
import hob.migration.message.Message.Depart;
import hob.migration.message.Message.Departing;
import hob.migration.message.Message.DepartureRefused;
import hob.migration.message.Message.Destroy;
import hob.migration.message.Message.Leave;
import hob.migration.message.Message.Left;
import hob.migration.message.Message.Missing;
import hob.migration.message.Message.Prepare;
import hob.migration.message.Message.Prepared;
import hob.migration.message.Message.Ready;
import hob.migration.message.Message.Resume;
import hob.migration.message.Message.Resumed;
import hob.migration.message.Message.Send;
import hob.migration.message.Message.SendFailed;
import hob.migration.message.Message.SourceAsks;
import hob.migration.message.Message.Stay;
import hob.migration.message.Message.Stayed;
import hob.migration.message.Message.TargetAsks;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a move stands, as its home knows it. Each state offers the steps that are legal from it,
 * and no others; {@link #on} maps events to them.
 *
 * <p>Until {@link Committed} every way out leads to {@link Staying}; from there on none does,
 * unless the target itself says that it never ran its copy and has it no more.
 */
public sealed interface HomeState {
  /** The move. */
  Move move();

  /** The answer to an event; the state itself, without actions, when the event changes nothing. */
  Step on(HomeEvent event);

  /**
   * A state and what leads into it.
   *
   * @param before done while the old state still holds: if one fails, there was no step
   * @param after done when the new state holds
   */
  record Step(HomeState next, List<HomeAction> before, List<HomeAction> after) {
    /** The state is entered with the last of the actions that write the journal. */
    static Step to(HomeState next, HomeAction... actions) {
      List<HomeAction> all = List.of(actions);
      int entered = 0;
      for (int i = 0; i < all.size(); i++) {
        if (all.get(i) instanceof Write || all.get(i) instanceof Redecide) {
          entered = i + 1;
        }
      }
      return new Step(next, all.subList(0, entered), all.subList(entered, all.size()));
    }
  }

  /** Begins a move. */
  static Step begin(Move move) {
    return Step.to(
        new Asking(move),
        new Write(new Entry.Begun(move.id(), move.rootPid(), move.source(), move.target())),
        new At(FaultPoint.HOME_BEGUN),
        new At(FaultPoint.HOME_ASKING),
        new TellSource(new Depart(move.id(), move.rootPid())));
  }

  /** Takes up a move that an earlier daemon of this home had committed. */
  static Step recommit(Move move) {
    return Step.to(
        new Committed(move, null),
        new Locate(move.target()),
        new TellTarget(new Resume(move.id())));
  }

  /** Takes up a move that an earlier daemon of this home had begun and not committed. */
  static Step callOff(Move move) {
    return stay(move, new Outcome.Failed("the home's daemon was restarted"), true);
  }

  /** The source was asked to get ready. */
  record Asking(Move move) implements HomeState {
    Step departing(Departing m) {
      return Step.to(
          new Preparing(move, m.residentBytes()),
          new At(FaultPoint.HOME_PREPARING),
          new TellTarget(new Prepare(move.id(), move.source(), m.outline())));
    }

    Step refused(List<Refusal> reasons) {
      return Step.to(new Over(move, new Outcome.Refused(reasons)), new Write(closed(move)));
    }

    @Override
    public Step on(HomeEvent event) {
      return switch (event) {
        case HomeEvent.FromSource(Departing m) -> departing(m);
        case HomeEvent.FromSource(DepartureRefused m) -> refused(m.reasons());
        case HomeEvent.FromSource(Stayed _) -> Step.to(this);
        case HomeEvent.FromSource(SourceAsks _) -> Step.to(this);
        case HomeEvent.FromSource(SendFailed m) -> giveUp(move, m.reason(), false);
        case HomeEvent.FromSource(Left _) -> Step.to(this);
        case HomeEvent.FromTarget _ -> Step.to(this);
        case HomeEvent.SourceDown(String why) -> giveUp(move, lost(move.source(), why), false);
        case HomeEvent.TargetDown(String why) -> giveUp(move, lost(move.target(), why), false);
        case HomeEvent.SourceUp() -> Step.to(this);
        case HomeEvent.TargetUp() -> Step.to(this);
        case HomeEvent.Late() ->
            giveUp(move, move.source() + " did not get the tree ready in time", false);
        case HomeEvent.Trouble(String why) -> giveUp(move, why, false);
      };
    }
  }

  /**
   * The target was asked to make ready.
   *
   * @param residentBytes about so much will be sent
   */
  record Preparing(Move move, long residentBytes) implements HomeState {
    Step ready(Ready m) {
      if (move.checkOnly()) {
        return stay(move, new Outcome.Movable(move.source(), move.target()), true);
      }
      return Step.to(
          new Sending(move, residentBytes),
          new At(FaultPoint.HOME_SENDING),
          new TellSource(new Send(move.id(), move.target(), m.token(), move.strategy())));
    }

    Step refused(List<Refusal> reasons) {
      return stay(move, new Outcome.Refused(reasons), false);
    }

    @Override
    public Step on(HomeEvent event) {
      return switch (event) {
        case HomeEvent.FromTarget(Ready m) -> ready(m);
        case HomeEvent.FromTarget(ArrivalRefused m) -> refused(m.reasons());
        case HomeEvent.FromTarget(ArrivalFailed m) -> giveUp(move, m.reason(), false);
        case HomeEvent.FromTarget _ -> Step.to(this);
        case HomeEvent.FromSource(SendFailed m) -> giveUp(move, m.reason(), true);
        case HomeEvent.FromSource _ -> Step.to(this);
        case HomeEvent.SourceDown(String why) -> giveUp(move, lost(move.source(), why), true);
        case HomeEvent.TargetDown(String why) -> giveUp(move, lost(move.target(), why), true);
        case HomeEvent.SourceUp() -> Step.to(this);
        case HomeEvent.TargetUp() -> Step.to(this);
        case HomeEvent.Late() -> giveUp(move, move.target() + " did not make ready in time", true);
        case HomeEvent.Trouble(String why) -> giveUp(move, why, true);
      };
    }
  }

  /**
   * The source was told to send.
   *
   * @param residentBytes about so much
   */
  record Sending(Move move, long residentBytes) implements HomeState {
    /**
     * The decision. Nothing may come between the journal and the target but what a test puts there.
     */
    Step commit(Prepared m) {
      return Step.to(
          new Committed(move, m),
          new At(FaultPoint.HOME_DECIDING),
          new Write(new Entry.Committed(move.id(), move.target())),
          new At(FaultPoint.HOME_COMMITTED),
          new TellTarget(new Resume(move.id())),
          new Locate(move.target()));
    }

    @Override
    public Step on(HomeEvent event) {
      return switch (event) {
        case HomeEvent.FromTarget(Prepared m) -> commit(m);
        case HomeEvent.FromTarget(ArrivalRefused m) ->
            stay(move, new Outcome.Refused(m.reasons()), false);
        case HomeEvent.FromTarget(ArrivalFailed m) -> giveUp(move, m.reason(), false);
        case HomeEvent.FromTarget _ -> Step.to(this);
        case HomeEvent.FromSource(SendFailed m) -> giveUp(move, m.reason(), true);
        case HomeEvent.FromSource(DepartureRefused m) ->
            stay(move, new Outcome.Refused(m.reasons()), true);
        case HomeEvent.FromSource _ -> Step.to(this);
        case HomeEvent.SourceDown(String why) -> giveUp(move, lost(move.source(), why), true);
        case HomeEvent.TargetDown(String why) -> giveUp(move, lost(move.target(), why), true);
        case HomeEvent.SourceUp() -> Step.to(this);
        case HomeEvent.TargetUp() -> Step.to(this);
        case HomeEvent.Late() -> giveUp(move, "the transfer took too long", true);
        case HomeEvent.Trouble(String why) -> giveUp(move, why, true);
      };
    }
  }

  /**
   * Decided for the target, which has not said yet that it obeys. However long that takes, the
   * source keeps its frozen copy.
   *
   * @param prepared null when an earlier daemon heard it
   */
  record Committed(Move move, @Nullable Prepared prepared) implements HomeState {
    Step resumed(Resumed m) {
      return Step.to(
          new Leaving(move, prepared, m),
          new At(FaultPoint.HOME_LEAVING),
          new TellSource(new Leave(move.id(), move.target())),
          new Locate(move.target()));
    }

    /** The target never ran its copy and has it no more: decided anew, for the source. */
    Step neverRan() {
      return Step.to(
          new Staying(
              move, new Outcome.Failed(move.target() + " lost the tree before it ran"), false),
          new Redecide(move.source()),
          new TellSource(new Stay(move.id(), "the target lost its copy")),
          new Locate(move.source()));
    }

    /**
     * The target ran its copy and has it no more: running the source's would be running it twice.
     */
    Step ranAndGone() {
      return Step.to(
          new Leaving(move, prepared, null),
          new TellSource(new Leave(move.id(), move.target())),
          new Lose(move.target() + " ran the tree and lost it"));
    }

    private Step again() {
      return Step.to(this, new TellTarget(new Resume(move.id())));
    }

    @Override
    public Step on(HomeEvent event) {
      return switch (event) {
        case HomeEvent.FromTarget(Resumed m) -> resumed(m);
        case HomeEvent.FromTarget(Missing m) -> m.ranHere() ? ranAndGone() : neverRan();
        case HomeEvent.FromTarget(TargetAsks _) -> again();
        case HomeEvent.FromTarget _ -> Step.to(this);
        case HomeEvent.FromSource _ -> Step.to(this);
        case HomeEvent.SourceDown _ -> Step.to(this);
        case HomeEvent.TargetDown _ -> Step.to(this);
        case HomeEvent.SourceUp() -> Step.to(this);
        case HomeEvent.TargetUp() -> again();
        case HomeEvent.Late() -> again();
        case HomeEvent.Trouble _ -> again();
      };
    }
  }

  /**
   * The target runs the tree; the source is to give up its copy.
   *
   * @param resumed null when the tree is lost
   */
  record Leaving(Move move, @Nullable Prepared prepared, @Nullable Resumed resumed)
      implements HomeState {
    Step left() {
      return Step.to(
          new Over(move, outcome()), new At(FaultPoint.HOME_LEFT), new Write(closed(move)));
    }

    /** What a caller may be told already. Times are of the clocks of source and target. */
    Outcome outcome() {
      if (resumed == null) {
        return new Outcome.Failed(move.target() + " ran the tree and lost it");
      }
      if (prepared == null) {
        return new Outcome.Moved(move.source(), move.target(), 0, 0, 0, 0);
      }
      long at = resumed.resumedAtNanos();
      return new Outcome.Moved(
          move.source(),
          move.target(),
          at == 0 ? 0 : at - prepared.frozenAtNanos(),
          0,
          prepared.imageBytes(),
          prepared.pageBytes());
    }

    private Step again() {
      return Step.to(this, new TellSource(new Leave(move.id(), move.target())));
    }

    @Override
    public Step on(HomeEvent event) {
      return switch (event) {
        case HomeEvent.FromSource(Left _) -> left();
        case HomeEvent.FromSource(SourceAsks _) -> again();
        case HomeEvent.FromSource _ -> Step.to(this);
        case HomeEvent.FromTarget(TargetAsks _) ->
            Step.to(this, new TellTarget(new Resume(move.id())));
        case HomeEvent.FromTarget _ -> Step.to(this);
        case HomeEvent.SourceDown _ -> Step.to(this);
        case HomeEvent.TargetDown _ -> Step.to(this);
        case HomeEvent.SourceUp() -> again();
        case HomeEvent.TargetUp() -> Step.to(this);
        case HomeEvent.Late() -> again();
        case HomeEvent.Trouble _ -> again();
      };
    }
  }

  /**
   * The move is off; the source is to let the tree run on.
   *
   * @param targetKnows whether the target has heard of the move and is to forget it
   */
  record Staying(Move move, Outcome outcome, boolean targetKnows) implements HomeState {
    Step stayed(Stayed m) {
      Outcome end =
          m.problem().isEmpty() ? outcome : new Outcome.Failed("it is lost: " + m.problem());
      return Step.to(new Over(move, end), new Write(closed(move)));
    }

    private Step again() {
      String why = "the move was called off";
      TellSource stay = new TellSource(new Stay(move.id(), why));
      return targetKnows
          ? Step.to(this, new TellTarget(new Destroy(move.id(), why)), stay)
          : Step.to(this, stay);
    }

    @Override
    public Step on(HomeEvent event) {
      return switch (event) {
        case HomeEvent.FromSource(Stayed m) -> stayed(m);
        case HomeEvent.FromSource(SourceAsks _) -> again();
        case HomeEvent.FromSource _ -> Step.to(this);
        case HomeEvent.FromTarget(Prepared _) -> off();
        case HomeEvent.FromTarget(TargetAsks _) -> off();
        // The source, which only saw the transfer break, was heard first.
        case HomeEvent.FromTarget(ArrivalRefused m) when isBroken() ->
            Step.to(new Staying(move, new Outcome.Refused(m.reasons()), true));
        case HomeEvent.FromTarget(ArrivalFailed m) when isBroken() ->
            Step.to(new Staying(move, new Outcome.Failed(m.reason()), true));
        case HomeEvent.FromTarget _ -> Step.to(this);
        case HomeEvent.SourceDown _ -> Step.to(this);
        case HomeEvent.TargetDown _ -> Step.to(this);
        case HomeEvent.SourceUp() -> again();
        case HomeEvent.TargetUp() -> off();
        case HomeEvent.Late() -> again();
        case HomeEvent.Trouble _ -> again();
      };
    }

    private boolean isBroken() {
      return targetKnows && outcome instanceof Outcome.Failed;
    }

    private Step off() {
      return Step.to(this, new TellTarget(new Destroy(move.id(), "the move was called off")));
    }
  }

  /** All is said. */
  record Over(Move move, Outcome outcome) implements HomeState {
    @Override
    public Step on(HomeEvent event) {
      return Step.to(this);
    }
  }

  private static Step giveUp(Move move, String why, boolean targetKnows) {
    return stay(move, new Outcome.Failed(why), targetKnows);
  }

  private static Step stay(Move move, Outcome outcome, boolean targetKnows) {
    String reason = outcome instanceof Outcome.Failed(String why) ? why : "the move was called off";
    TellSource stay = new TellSource(new Stay(move.id(), reason));
    At at = new At(FaultPoint.HOME_STAYING);
    Staying next = new Staying(move, outcome, targetKnows);
    return targetKnows
        ? Step.to(next, at, new TellTarget(new Destroy(move.id(), reason)), stay)
        : Step.to(next, at, stay);
  }

  private static Closed closed(Move move) {
    return new Closed(move.id());
  }

  private static String lost(String host, String why) {
    return host + " was lost: " + why;
  }
}
