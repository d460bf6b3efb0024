package hob.migration.home;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import hob.home.SessionId;
import hob.image.Refusal;
import hob.migration.MoveId;
import hob.migration.home.HomeAction.Redecide;
import hob.migration.home.HomeAction.TellSource;
import hob.migration.home.HomeAction.TellTarget;
import hob.migration.home.HomeAction.Write;
import hob.migration.home.HomeState.Asking;
import hob.migration.home.HomeState.Committed;
import hob.migration.home.HomeState.Leaving;
import hob.migration.home.HomeState.Over;
import hob.migration.home.HomeState.Preparing;
import hob.migration.home.HomeState.Sending;
import hob.migration.home.HomeState.Staying;
import hob.migration.home.HomeState.Step;
import hob.migration.journal.Entry;
import hob.migration.message.Message;
import hob.wire.bulk.TransferToken;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The decisions of a home, without threads, clocks or wires. */
final class HomeStateTest {
  private static final MoveId ID = new MoveId(new SessionId("h1", 42, 7), 5);
  private static final Move MOVE = new Move(ID, 42, "h2", "h3", "eager", false, false);
  private static final Message.Prepared PREPARED = new Message.Prepared(ID, 1_000, 10, 20);
  private static final Message.Resumed RESUMED = new Message.Resumed(ID, 4_000);

  static Stream<HomeState> undecided() {
    return Stream.of(new Asking(MOVE), new Preparing(MOVE, 0), new Sending(MOVE, 0));
  }

  static Stream<HomeEvent> losses() {
    return Stream.of(
        new HomeEvent.SourceDown("gone"),
        new HomeEvent.TargetDown("gone"),
        new HomeEvent.Late(),
        new HomeEvent.Trouble("no room"),
        new HomeEvent.FromSource(new Message.SendFailed(ID, "broken", true)));
  }

  @ParameterizedTest
  @MethodSource("undecided")
  void untilTheDecisionEveryLossLeavesTheTreeAtTheSource(HomeState state) {
    losses()
        .forEach(loss -> {
          Step step = state.on(loss);
          assertThat(step.next()).as("%s", loss).isInstanceOf(Staying.class);
          assertThat(step.after())
              .anyMatch(a -> a instanceof TellSource(Message.Stay _))
              .noneMatch(a -> a instanceof TellSource(Message.Leave _))
              .noneMatch(a -> a instanceof TellTarget(Message.Resume _));
        });
  }

  @Test
  void afterTheDecisionNoLossLeadsBack() {
    Committed committed = new Committed(MOVE, PREPARED);
    losses()
        .forEach(loss -> {
          Step step = committed.on(loss);
          assertThat(step.next()).as("%s", loss).isInstanceOf(Committed.class);
          assertThat(step.after()).noneMatch(TellSource.class::isInstance);
        });
  }

  @Test
  void targetIsToldOnlyWhatTheJournalHasAlready() {
    Step step = new Sending(MOVE, 0).on(new HomeEvent.FromTarget(PREPARED));
    assertThat(step.next()).isEqualTo(new Committed(MOVE, PREPARED));
    assertThat(step.before()).last().isEqualTo(new Write(new Entry.Committed(ID, "h3")));
    assertThat(step.before()).noneMatch(TellTarget.class::isInstance);
    assertThat(step.after()).contains(new TellTarget(new Message.Resume(ID)));
  }

  @Test
  void sourceGivesUpItsCopyOnlyWhenTheTargetRunsTheTree() {
    Step committed = new Sending(MOVE, 0).on(new HomeEvent.FromTarget(PREPARED));
    assertThat(committed.after()).noneMatch(TellSource.class::isInstance);
    Step resumed = committed.next().on(new HomeEvent.FromTarget(RESUMED));
    assertThat(resumed.next()).isInstanceOf(Leaving.class);
    assertThat(resumed.after()).contains(new TellSource(new Message.Leave(ID, "h3")));
  }

  @Test
  void targetThatNeverRanItsCopyGivesTheTreeBack() {
    Step step =
        new Committed(MOVE, PREPARED).on(new HomeEvent.FromTarget(new Message.Missing(ID, false)));
    assertThat(step.before()).containsExactly(new Redecide("h2"));
    assertThat(step.next()).isInstanceOf(Staying.class);
    assertThat(step.after()).anyMatch(a -> a instanceof TellSource(Message.Stay _));
  }

  @Test
  void treeThatRanAtTheTargetIsNeverRunAgainAtTheSource() {
    Step step =
        new Committed(MOVE, PREPARED).on(new HomeEvent.FromTarget(new Message.Missing(ID, true)));
    assertThat(step.after())
        .contains(new TellSource(new Message.Leave(ID, "h3")))
        .anyMatch(HomeAction.Lose.class::isInstance)
        .noneMatch(a -> a instanceof TellSource(Message.Stay _));
  }

  @Test
  void whatTheTargetSaysOfItsRefusalIsTold() {
    List<Refusal> reasons = List.of(new Refusal(7, "pty", "no terminal is left"));
    var refused = new HomeEvent.FromTarget(new Message.ArrivalRefused(ID, reasons));
    Staying told = new Staying(MOVE, new Outcome.Refused(reasons), false);
    assertThat(new Sending(MOVE, 0).on(refused).next()).isEqualTo(told);
    // The source only saw that nobody listened any more, and may be heard first.
    Step broken =
        new Sending(MOVE, 0)
            .on(new HomeEvent.FromSource(new Message.SendFailed(ID, "transfer broken", true)));
    assertThat(broken.next().on(refused).next())
        .isEqualTo(new Staying(MOVE, new Outcome.Refused(reasons), true));
  }

  @Test
  void latePreparedOfAMoveThatIsOffIsRemoved() {
    Staying staying = new Staying(MOVE, new Outcome.Failed("late"), true);
    Step step = staying.on(new HomeEvent.FromTarget(PREPARED));
    assertThat(step.next()).isEqualTo(staying);
    assertThat(step.after()).anyMatch(a -> a instanceof TellTarget(Message.Destroy _));
  }

  @Test
  void ordersOfAMoveThatIsOffAreRepeatedToAllWhoKnowOfIt() {
    Outcome late = new Outcome.Failed("late");
    assertThat(new Staying(MOVE, late, true).on(new HomeEvent.Late()).after())
        .anyMatch(a -> a instanceof TellTarget(Message.Destroy _))
        .anyMatch(a -> a instanceof TellSource(Message.Stay _));
    assertThat(new Staying(MOVE, late, false).on(new HomeEvent.Late()).after())
        .noneMatch(TellTarget.class::isInstance)
        .anyMatch(a -> a instanceof TellSource(Message.Stay _));
  }

  @Test
  void checkGoesUpToTheFreezeAndNoFurther() {
    Move check = new Move(ID, 42, "h2", "h3", "eager", true, false);
    Step step =
        new Preparing(check, 0)
            .on(new HomeEvent.FromTarget(new Message.Ready(ID, TransferToken.random())));
    assertThat(step.next()).isInstanceOf(Staying.class);
    assertThat(step.after()).noneMatch(a -> a instanceof TellSource(Message.Send _));
    Step end = step.next().on(new HomeEvent.FromSource(new Message.Stayed(ID, "")));
    assertThat(end.next()).isEqualTo(new Over(check, new Outcome.Movable("h2", "h3")));
  }

  @Test
  void refusalsReachTheCaller() {
    List<Refusal> why = List.of(new Refusal(42, "io_uring", "uses io_uring"));
    Step atSource =
        new Asking(MOVE).on(new HomeEvent.FromSource(new Message.DepartureRefused(ID, why)));
    assertThat(atSource.next()).isEqualTo(new Over(MOVE, new Outcome.Refused(why)));
    Step atTarget =
        new Preparing(MOVE, 0).on(new HomeEvent.FromTarget(new Message.ArrivalRefused(ID, why)));
    assertThat(atTarget.next()).isEqualTo(new Staying(MOVE, new Outcome.Refused(why), false));
  }

  @Test
  void freezeTimeIsFromTheSourcesFreezeToTheTargetsResume() {
    Leaving leaving = new Leaving(MOVE, PREPARED, RESUMED);
    assertThat(leaving.outcome()).isEqualTo(new Outcome.Moved("h2", "h3", 3_000, 0, 10, 20));
    Leaving afterRestart = new Leaving(MOVE, null, new Message.Resumed(ID, 0));
    assertThat(afterRestart.outcome()).isEqualTo(new Outcome.Moved("h2", "h3", 0, 0, 0, 0));
  }

  @Test
  void restartedHomeCallsOffWhatItHadNotDecided() {
    Step step = HomeState.callOff(MOVE);
    assertThat(step.after())
        .anyMatch(a -> a instanceof TellSource(Message.Stay _))
        .anyMatch(a -> a instanceof TellTarget(Message.Destroy _));
    assertThat(HomeState.recommit(MOVE).after())
        .contains(new TellTarget(new Message.Resume(ID)))
        .noneMatch(TellSource.class::isInstance);
  }

  @Test
  void beginsByWritingItDown() {
    Step step = HomeState.begin(MOVE);
    assertThat(step.before()).first().isEqualTo(new Write(new Entry.Begun(ID, 42, "h2", "h3")));
    Step next =
        step.next().on(new HomeEvent.FromSource(new Message.Departing(ID, ByteString.EMPTY, 4096)));
    assertThat(next.next()).isEqualTo(new Preparing(MOVE, 4096));
  }
}
