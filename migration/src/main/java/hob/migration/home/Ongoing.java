package hob.migration.home;

import hob.migration.MoveId;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One move under way, at its home.
 *
 * <p>Threads: whoever posts an event handles it, and all that others post meanwhile; so events are
 * handled one at a time and no thread has to wake up for one.
 */
final class Ongoing {
  private static final System.Logger LOG = System.getLogger(Ongoing.class.getName());

  private final Coordinator coordinator;
  private final Move move;
  private final long beganNanos = System.nanoTime();
  private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

  // Guarded by this.
  private final ArrayDeque<HomeEvent> events = new ArrayDeque<>();
  private boolean busy;
  private boolean dropped;

  // Touched only by the thread that set busy.
  private int round;
  private @Nullable ScheduledFuture<?> timer;
  private volatile @Nullable HomeState state;

  Ongoing(Coordinator coordinator, Move move) {
    this.coordinator = coordinator;
    this.move = move;
  }

  Move move() {
    return move;
  }

  boolean isAbout(MoveId id) {
    return move.id().equals(id);
  }

  CompletableFuture<Outcome> outcome() {
    return outcome;
  }

  /** One clause for people. */
  String describe() {
    HomeState s = state;
    return "from %s to %s (%s)"
        .formatted(
            move.source(),
            move.target(),
            s == null ? "begins" : s.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT));
  }

  /** Takes the first step. */
  void begin(HomeState.Step first) {
    synchronized (this) {
      busy = true;
    }
    take(first);
    drain();
  }

  /** Something happened. */
  void post(HomeEvent event) {
    synchronized (this) {
      if (dropped) {
        return;
      }
      events.add(event);
      if (busy) {
        return;
      }
      busy = true;
    }
    drain();
  }

  /** A user gave the session up: whatever comes now is ignored. */
  void abandoned() {
    synchronized (this) {
      dropped = true;
      events.clear();
    }
    outcome.complete(new Outcome.Failed("a user abandoned it"));
  }

  private void drain() {
    while (true) {
      HomeEvent event;
      synchronized (this) {
        event = events.poll();
        if (event == null) {
          busy = false;
          return;
        }
      }
      HomeState s = state;
      if (s != null) {
        take(s.on(event));
        if (event instanceof HomeEvent.Late) {
          watch();
        }
      }
    }
  }

  private void take(HomeState.Step step) {
    HomeState old = state;
    try {
      step.before().forEach(a -> coordinator.act(move, a));
      state = step.next();
      step.after().forEach(a -> coordinator.act(move, a));
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, move.id() + ": a step failed", e);
      trouble(e);
    }
    HomeState now = state;
    if (now != null && (old == null || now.getClass() != old.getClass())) {
      entered(now);
    }
  }

  /** After the decision a timer repeats what failed; before it the move is called off. */
  private void trouble(RuntimeException e) {
    HomeState s = state;
    if (s == null) {
      state = new HomeState.Over(move, new Outcome.Failed(String.valueOf(e.getMessage())));
    } else if (s instanceof HomeState.Asking
        || s instanceof HomeState.Preparing
        || s instanceof HomeState.Sending) {
      synchronized (this) {
        events.addFirst(new HomeEvent.Trouble(String.valueOf(e.getMessage())));
      }
    }
  }

  private void entered(HomeState now) {
    LOG.log(System.Logger.Level.DEBUG, "{0}: {1}", move.id(), now);
    round = 0;
    switch (now) {
      case HomeState.Asking _, HomeState.Preparing _, HomeState.Sending _ -> watch();
      case HomeState.Committed _, HomeState.Staying _ -> {
        watch();
        var _ =
            coordinator
                .timer()
                .schedule(
                    this::answerNow, coordinator.patience().toMillis(), TimeUnit.MILLISECONDS);
      }
      case HomeState.Leaving _ -> watch();
      case HomeState.Over o -> over(o.outcome());
    }
  }

  private void watch() {
    HomeState s = state;
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
    if (s != null && !(s instanceof HomeState.Over)) {
      long millis = coordinator.limit(s, round++).toMillis();
      timer =
          coordinator
              .timer()
              .schedule(() -> post(new HomeEvent.Late()), millis, TimeUnit.MILLISECONDS);
    }
  }

  private void over(Outcome end) {
    if (timer != null) {
      timer.cancel(false);
    }
    coordinator.over(this);
    complete(end);
  }

  /** The caller has waited long enough for the consequences of the decision. */
  private void answerNow() {
    HomeState s = state;
    if (outcome.isDone() || s == null) {
      return;
    }
    complete(
        switch (s) {
          case HomeState.Leaving l -> l.outcome();
          case HomeState.Over o -> o.outcome();
          case HomeState.Staying st when st.outcome() instanceof Outcome.Failed(String why) ->
              new Outcome.Failed(
                  why + "; " + move.source() + " is not heard: it stands frozen there until it is");
          case HomeState.Staying st -> st.outcome();
          case HomeState.Committed _ ->
              new Outcome.Failed(
                  "%s took it and is not heard: it runs or stands frozen there until it is"
                      .formatted(move.target()));
          case HomeState.Asking _, HomeState.Preparing _, HomeState.Sending _ ->
              new Outcome.Failed("it is still under way");
        });
  }

  private void complete(Outcome end) {
    Outcome timed =
        end instanceof Outcome.Moved m
            ? new Outcome.Moved(
                m.from(),
                m.to(),
                m.freezeNanos(),
                System.nanoTime() - beganNanos,
                m.imageBytes(),
                m.pageBytes())
            : end;
    if (outcome.complete(timed)) {
      LOG.log(
          coordinator.news(),
          "{0}: {1} -> {2}: {3}",
          move.id(),
          move.source(),
          move.target(),
          timed);
    }
  }
}
