package hob.migration;

import hob.home.Engine;
import hob.home.Recovered;
import hob.home.SessionId;
import hob.migration.fault.Faults;
import hob.migration.home.Coordinator;
import hob.migration.home.Outcome;
import hob.migration.journal.Journal;
import hob.migration.message.Message;
import hob.migration.source.SourceRole;
import hob.migration.target.TargetRole;
import hob.migration.transfer.Eager;
import hob.migration.transfer.TransferStrategy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;

/**
 * Migration on one host, in all three roles; see the package for how a move goes. Any thread.
 *
 * <p>Roles on the same host talk to each other by plain calls, on the thread that has something to
 * say.
 */
public final class Migration {
  private static final System.Logger LOG = System.getLogger(Migration.class.getName());

  private final Wires wires;
  private final Journal journal;
  private final Coordinator coordinator;
  private final SourceRole source;
  private final TargetRole target;
  private final Set<String> strategies;

  /** Foreign processes that an earlier daemon left running, until their home was asked. */
  private final List<MoveId> unconfirmed = new CopyOnWriteArrayList<>();

  /**
   * Puts the roles together.
   *
   * @param executor of platform threads, as many as it takes
   * @param timer does little and never blocks
   * @param news level at which the log tells how moves ended
   */
  public Migration(
      Engine engine,
      Wires wires,
      Journal journal,
      Timeouts timeouts,
      Faults faults,
      Executor executor,
      ScheduledExecutorService timer,
      System.Logger.Level news) {
    this.wires = wires;
    this.journal = journal;
    Map<String, TransferStrategy> known = Map.of("eager", new Eager(executor));
    strategies = known.keySet();
    source = new SourceRole(engine, wires, this::toHome, known, faults, executor);
    target = new TargetRole(engine, wires, this::toHome, journal, timeouts, faults, executor);
    coordinator =
        new Coordinator(wires.self(), engine, new Orders(), journal, timeouts, faults, timer, news);
  }

  /** Takes up what an earlier daemon left; once, before any peer is heard. */
  public void recover(List<Recovered> found) {
    Set<SessionId> present = new HashSet<>();
    for (Recovered r : found) {
      LOG.log(System.Logger.Level.INFO, "found {0}", r);
      present.add(r.session());
      switch (r) {
        case Recovered.Running(SessionId s, long n) -> unconfirmed.add(new MoveId(s, n));
        case Recovered.Shadows _ -> {}
        case Recovered.InDoubtSource s -> source.recover(s);
        case Recovered.InDoubtTarget t -> target.recover(t);
      }
    }
    coordinator.forgetAllBut(present);
    coordinator.recover();
    source.ask(wires.self());
    target.ask(wires.self(), List.of());
  }

  /**
   * Moves a session of this home.
   *
   * @param rootPid home pid of the root of its tree
   * @param checkOnly go up to the freeze, then stay
   */
  public CompletableFuture<Outcome> move(
      SessionId session, int rootPid, String targetHost, String strategy, boolean checkOnly) {
    if (!strategies.contains(strategy)) {
      return CompletableFuture.completedFuture(
          new Outcome.Failed(
              "no strategy is called %s; there is: %s"
                  .formatted(strategy, String.join(", ", strategies))));
    }
    return coordinator.move(session, rootPid, targetHost, strategy, checkOnly);
  }

  /** Where a session of this home runs. */
  public String location(SessionId session) {
    return coordinator.location(session);
  }

  /** How many moves this home has under way. */
  public int underWay() {
    return coordinator.underWay();
  }

  /** The sessions of this home that run elsewhere. */
  public List<SessionId> away() {
    return new ArrayList<>(journal.committed().keySet());
  }

  /** Gives a session of this home up. */
  public void abandon(SessionId session) {
    coordinator.abandon(session);
  }

  /** The engine says that the session's last process ended. */
  public void ended(SessionId session) {
    if (session.home().equals(wires.self())) {
      coordinator.ended(session);
    }
  }

  /** A message from another host; called in the order in which they were sent. */
  public void hear(String from, Message message) {
    switch (message) {
      case Message.ToSource m when from.equals(m.move().home()) -> source.hear(m);
      case Message.ToTarget m when from.equals(m.move().home()) -> target.hear(m);
      case Message.FromSource m when wires.self().equals(m.move().home()) ->
          coordinator.hear(from, m);
      case Message.FromTarget m when wires.self().equals(m.move().home()) ->
          coordinator.hear(from, m);
      case Message m -> LOG.log(System.Logger.Level.WARNING, "{0} may not say {1}", from, m);
    }
  }

  /**
   * A host is connected again.
   *
   * @param newDaemon whether its daemon is not the one that was heard before
   */
  public void up(String host, boolean newDaemon) {
    coordinator.up(host, newDaemon);
    source.ask(host);
    List<MoveId> mine = unconfirmed.stream().filter(m -> m.home().equals(host)).toList();
    target.ask(host, mine);
    unconfirmed.removeAll(mine);
  }

  /** A host is no longer connected. */
  public void down(String host, String why) {
    coordinator.down(host, why);
  }

  private void toHome(Message.FromSource message) {
    String home = message.move().home();
    if (home.equals(wires.self())) {
      coordinator.hear(home, message);
    } else {
      wires.send(home, message);
    }
  }

  private void toHome(Message.FromTarget message) {
    String home = message.move().home();
    if (home.equals(wires.self())) {
      coordinator.hear(home, message);
    } else {
      wires.send(home, message);
    }
  }

  /** The home's orders, to this host or another. */
  private final class Orders implements Coordinator.Out {
    @Override
    public void toSource(String host, Message.ToSource message) {
      if (host.equals(wires.self())) {
        source.hear(message);
      } else {
        wires.send(host, message);
      }
    }

    @Override
    public void toTarget(String host, Message.ToTarget message) {
      if (host.equals(wires.self())) {
        target.hear(message);
      } else {
        wires.send(host, message);
      }
    }

    @Override
    public long toLocalNanos(String host, long nanos) {
      return host.equals(wires.self()) ? nanos : wires.toLocalNanos(host, nanos);
    }
  }
}
