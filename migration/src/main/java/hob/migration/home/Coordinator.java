package hob.migration.home;

import hob.home.Engine;
import hob.home.SessionId;
import hob.migration.MoveId;
import hob.migration.Timeouts;
import hob.migration.fault.Faults;
import hob.migration.journal.Entry;
import hob.migration.journal.Journal;
import hob.migration.message.Message;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * All moves of the sessions whose home this is.
 *
 * <p>Threads: any. The events of one session are handled one at a time, see {@link Ongoing}.
 */
public final class Coordinator {
  private static final System.Logger LOG = System.getLogger(Coordinator.class.getName());

  /** How messages leave; must not call back before it returns but through {@link #hear}. */
  public interface Out {
    void toSource(String host, Message.ToSource message);

    void toTarget(String host, Message.ToTarget message);

    /** A time of that host's clock as this host's. */
    long toLocalNanos(String host, long nanos);
  }

  private final String self;
  private final Engine engine;
  private final Out out;
  private final Journal journal;
  private final Timeouts timeouts;
  private final Faults faults;
  private final ScheduledExecutorService timer;
  private final System.Logger.Level news;
  private final Map<SessionId, Ongoing> ongoing = new ConcurrentHashMap<>();

  public Coordinator(
      String self,
      Engine engine,
      Out out,
      Journal journal,
      Timeouts timeouts,
      Faults faults,
      ScheduledExecutorService timer,
      System.Logger.Level news) {
    this.news = news;
    this.self = self;
    this.engine = engine;
    this.out = out;
    this.journal = journal;
    this.timeouts = timeouts;
    this.faults = faults;
    this.timer = timer;
  }

  /** Takes up what an earlier daemon of this home left undone. */
  public void recover() {
    Map<SessionId, Entry.Committed> committed = journal.committed();
    committed.forEach((s, c) -> engine.located(s, c.move().incarnation(), c.location()));
    for (Entry.Begun b : journal.open().values()) {
      Move move = new Move(b.move(), b.rootPid(), b.source(), b.target(), "eager", false, true);
      Entry.Committed c = committed.get(b.move().session());
      boolean decided = c != null && c.move().equals(b.move());
      LOG.log(
          System.Logger.Level.INFO,
          "{0}: {1} -> {2}: taken up again, {3}",
          move.id(),
          move.source(),
          move.target(),
          decided ? "committed" : "called off");
      var _ = start(move, decided ? HomeState.recommit(move) : HomeState.callOff(move));
    }
  }

  /**
   * Ends the sessions of which nothing is left at this home, not even a shadow: they have no
   * parent, no terminal and no name any more.
   */
  public void forgetAllBut(Set<SessionId> present) {
    journal
        .committed()
        .forEach((session, c) -> {
          if (!present.contains(session)) {
            journal.append(new Entry.Forgotten(session));
            LOG.log(System.Logger.Level.WARNING, "{0}: its shadows are gone", session);
            out.toTarget(c.location(), new Message.Destroy(c.move(), "its home lost its shadows"));
          }
        });
  }

  /**
   * Begins a move.
   *
   * @return how it ended; {@link Outcome.Failed} at once when the session is moving already
   */
  public CompletableFuture<Outcome> move(
      SessionId session, int rootPid, String target, String strategy, boolean checkOnly) {
    String source = location(session);
    if (source.equals(target)) {
      return CompletableFuture.completedFuture(
          new Outcome.Pointless("it runs on " + target + " already"));
    }
    MoveId id = new MoveId(session, journal.newIncarnation());
    Move move = new Move(id, rootPid, source, target, strategy, checkOnly, false);
    return start(move, HomeState.begin(move));
  }

  private CompletableFuture<Outcome> start(Move move, HomeState.Step first) {
    Ongoing fresh = new Ongoing(this, move);
    Ongoing other = ongoing.putIfAbsent(move.id().session(), fresh);
    if (other != null) {
      return CompletableFuture.completedFuture(
          new Outcome.Pointless("it is moving already, " + other.describe()));
    }
    fresh.begin(first);
    return fresh.outcome();
  }

  /** Where a session of this home runs. */
  public String location(SessionId session) {
    return journal.committed(session).map(Entry.Committed::location).orElse(self);
  }

  /** How many moves are under way. */
  public int underWay() {
    return ongoing.size();
  }

  /** A message from {@code host}. */
  public void hear(String host, Message.FromSource message) {
    Ongoing o = ongoing.get(message.move().session());
    boolean asks = message instanceof Message.SourceAsks;
    if (o != null && (asks || o.isAbout(message.move())) && host.equals(o.move().source())) {
      o.post(new HomeEvent.FromSource(message));
    } else if (asks) {
      answerSource(host, message.move(), o);
    } else {
      LOG.log(System.Logger.Level.DEBUG, "{0}: nothing awaited from {1}", message, host);
    }
  }

  /** A message from {@code host}. */
  public void hear(String host, Message.FromTarget message) {
    Ongoing o = ongoing.get(message.move().session());
    if (o != null && o.isAbout(message.move()) && host.equals(o.move().target())) {
      o.post(new HomeEvent.FromTarget(localTimes(o.move(), message)));
      return;
    }
    switch (message) {
      case Message.TargetAsks _ -> answerTarget(host, message.move());
      case Message.Missing _ -> missing(host, message.move());
      default -> LOG.log(System.Logger.Level.DEBUG, "{0}: nothing awaited from {1}", message, host);
    }
  }

  private Message.FromTarget localTimes(Move move, Message.FromTarget message) {
    return switch (message) {
      case Message.Prepared(MoveId id, long at, long image, long pages) ->
          new Message.Prepared(id, out.toLocalNanos(move.source(), at), image, pages);
      case Message.Resumed(MoveId id, long at) when at != 0 ->
          new Message.Resumed(id, out.toLocalNanos(move.target(), at));
      case Message.FromTarget m -> m;
    };
  }

  /**
   * A frozen copy that no open move knows of; it may go by the incarnation of its move or by the
   * one that it had before. Where the journal has the session, the copy may run.
   */
  private void answerSource(String host, MoveId move, @Nullable Ongoing o) {
    Optional<Entry.Committed> c = committed(move.session());
    if (c.isEmpty()) {
      boolean over = o == null && !host.equals(self);
      out.toSource(host, over ? new Message.Leave(move, self) : stay(move));
      return;
    }
    String location = c.get().location();
    out.toSource(host, location.equals(host) ? stay(move) : new Message.Leave(move, location));
  }

  private static Message.Stay stay(MoveId move) {
    return new Message.Stay(move, "the move was called off");
  }

  /** A copy that nobody here waits for. */
  private void answerTarget(String host, MoveId move) {
    boolean right =
        committed(move.session())
            .filter(c -> c.move().equals(move) && c.location().equals(host))
            .isPresent();
    out.toTarget(
        host,
        right
            ? new Message.Resume(move)
            : new Message.Destroy(move, "its home knows nothing of it"));
  }

  /** The host where a session ran has it no more. */
  private void missing(String host, MoveId move) {
    committed(move.session())
        .filter(c -> c.move().equals(move) && c.location().equals(host))
        .ifPresent(_ -> lose(move.session(), host + " has it no more"));
  }

  private Optional<Entry.Committed> committed(SessionId session) {
    return journal.committed(session);
  }

  /** The connection to a host is there. */
  public void up(String host, boolean newDaemon) {
    for (Ongoing o : ongoing.values()) {
      if (host.equals(o.move().source())) {
        o.post(new HomeEvent.SourceUp());
      }
      if (host.equals(o.move().target())) {
        o.post(new HomeEvent.TargetUp());
      }
    }
    if (newDaemon) {
      journal
          .committed()
          .forEach((session, c) -> {
            if (c.location().equals(host) && !ongoing.containsKey(session)) {
              out.toTarget(host, new Message.Resume(c.move()));
            }
          });
    }
  }

  /** The connection to a host is gone. */
  public void down(String host, String why) {
    for (Ongoing o : ongoing.values()) {
      if (host.equals(o.move().source())) {
        o.post(new HomeEvent.SourceDown(why));
      }
      if (host.equals(o.move().target())) {
        o.post(new HomeEvent.TargetDown(why));
      }
    }
  }

  /** The session's last process ended. */
  public void ended(SessionId session) {
    journal.append(new Entry.Forgotten(session));
  }

  /** Gives a session up: it ends at home as if killed, and elsewhere when it is heard of again. */
  public void abandon(SessionId session) {
    Ongoing o = ongoing.remove(session);
    Optional<Entry.Committed> c = committed(session);
    lose(session, "abandoned by a user");
    String why = "its home abandoned it";
    if (o != null) {
      o.abandoned();
      MoveId id = o.move().id();
      boolean decided = c.filter(e -> e.move().equals(id)).isPresent();
      out.toSource(o.move().source(), decided ? new Message.Leave(id, self) : stay(id));
      out.toTarget(o.move().target(), new Message.Destroy(id, why));
    }
    c.filter(e -> !e.location().equals(self))
        .ifPresent(e -> out.toTarget(e.location(), new Message.Destroy(e.move(), why)));
  }

  private void lose(SessionId session, String why) {
    LOG.log(System.Logger.Level.WARNING, "{0}: lost: {1}", session, why);
    journal.append(new Entry.Forgotten(session));
    engine.abandon(session);
  }

  /** Does one action; called by the thread that handles the session's event. */
  void act(Move move, HomeAction action) {
    switch (action) {
      case HomeAction.TellSource(Message.ToSource m) -> out.toSource(move.source(), m);
      case HomeAction.TellTarget(Message.ToTarget m) -> out.toTarget(move.target(), m);
      case HomeAction.Write(Entry entry) -> journal.append(entry);
      case HomeAction.Redecide(String host) ->
          journal.append(
              new Entry.Committed(new MoveId(move.id().session(), journal.newIncarnation()), host));
      case HomeAction.Locate(String host) ->
          engine.located(move.id().session(), move.id().incarnation(), host);
      case HomeAction.Lose(String why) -> lose(move.id().session(), why);
      case HomeAction.At(var point) -> faults.at(point);
    }
  }

  /** A move is over; the next may begin. */
  void over(Ongoing o) {
    SessionId session = o.move().id().session();
    ongoing.remove(session, o);
    if (self.equals(location(session)) && committed(session).isPresent()) {
      journal.append(new Entry.Forgotten(session));
    }
    timer.execute(journal::sync);
  }

  Duration limit(HomeState state, int round) {
    return switch (state) {
      case HomeState.Asking _ -> timeouts.depart();
      case HomeState.Preparing _ -> timeouts.prepare();
      case HomeState.Sending s -> timeouts.transfer(s.residentBytes());
      case HomeState.Committed _, HomeState.Leaving _, HomeState.Staying _ ->
          timeouts.again().multipliedBy(1L << Math.min(round, 5));
      case HomeState.Over _ -> Duration.ZERO;
    };
  }

  System.Logger.Level news() {
    return news;
  }

  Duration patience() {
    return timeouts.patience();
  }

  ScheduledExecutorService timer() {
    return timer;
  }
}
