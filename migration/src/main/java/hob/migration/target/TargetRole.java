package hob.migration.target;

import hob.home.Engine;
import hob.home.Recovered;
import hob.home.SessionId;
import hob.image.Refusal;
import hob.migration.MoveId;
import hob.migration.Timeouts;
import hob.migration.Wires;
import hob.migration.fault.Faults;
import hob.migration.journal.Journal;
import hob.migration.message.Message;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** All moves whose target is this host. Any thread. */
public final class TargetRole {
  private static final System.Logger LOG = System.getLogger(TargetRole.class.getName());
  private static final int SEEN_KEPT = 10_000;

  private final Engine engine;
  private final Wires wires;
  private final Consumer<Message.FromTarget> home;
  private final Journal journal;
  private final Timeouts timeouts;
  private final Faults faults;
  private final Executor executor;
  private final Map<MoveId, Incoming> incoming = new ConcurrentHashMap<>();

  /** The largest incarnation heard of, by session; guarded by itself. */
  private final Map<SessionId, Long> seen =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<SessionId, Long> eldest) {
          return size() > SEEN_KEPT;
        }
      };

  /**
   * Makes the role.
   *
   * @param home takes reports to the home of their session
   * @param executor of platform threads
   */
  public TargetRole(
      Engine engine,
      Wires wires,
      Consumer<Message.FromTarget> home,
      Journal journal,
      Timeouts timeouts,
      Faults faults,
      Executor executor) {
    this.engine = engine;
    this.wires = wires;
    this.home = home;
    this.journal = journal;
    this.timeouts = timeouts;
    this.faults = faults;
    this.executor = executor;
  }

  /** Takes up a copy that an earlier daemon left ready. */
  public void recover(Recovered.InDoubtTarget found) {
    MoveId move = new MoveId(found.session(), found.incarnation());
    isNew(move);
    incoming.put(move, new Incoming(this, move, new TargetState.Prepared(found.arrival())));
  }

  /** An order of the home, which the caller has checked. */
  public void hear(Message.ToTarget order) {
    Incoming in = incoming.get(order.move());
    switch (order) {
      case Message.Prepare m -> prepare(m);
      case Message.Resume m -> {
        if (in != null) {
          in.resume();
        } else {
          execute(() -> answer(m.move()));
        }
      }
      case Message.Destroy m -> {
        LOG.log(System.Logger.Level.INFO, "{0}: to be removed: {1}", m.move(), m.reason());
        if (in != null) {
          in.destroy();
        } else {
          execute(() -> abandon(m.move()));
        }
      }
    }
  }

  private void prepare(Message.Prepare order) {
    MoveId move = order.move();
    if (!isNew(move)) {
      String why = "incarnation " + move.incarnation() + " is stale";
      report(new Message.ArrivalRefused(move, List.of(new Refusal(0, "stale", why))));
      return;
    }
    Incoming fresh = new Incoming(this, move, new TargetState.Asked());
    incoming.put(move, fresh);
    execute(() -> fresh.receive(order));
  }

  /** Nothing is in doubt here: whether it runs, ran, or never did. */
  private void answer(MoveId move) {
    report(
        runs(move) ? new Message.Resumed(move, 0) : new Message.Missing(move, journal.took(move)));
  }

  private void abandon(MoveId move) {
    isNew(move);
    if (runs(move)) {
      LOG.log(System.Logger.Level.WARNING, "{0}: ended on its home's word", move);
      engine.abandon(move.session());
    }
    report(new Message.Destroyed(move));
  }

  private boolean runs(MoveId move) {
    return engine.sessions().stream()
        .anyMatch(v ->
            v.session().equals(move.session())
                && v.incarnation() == move.incarnation()
                && v.here());
  }

  /** Asks the home about all copies in doubt, and about what an earlier daemon left running. */
  public void ask(String homeHost, List<MoveId> running) {
    for (Incoming in : incoming.values()) {
      if (in.isInDoubt() && in.move().home().equals(homeHost)) {
        LOG.log(System.Logger.Level.INFO, "{0}: in doubt, asking {1}", in.move(), homeHost);
        report(new Message.TargetAsks(in.move(), false));
      }
    }
    for (MoveId move : running) {
      if (move.home().equals(homeHost)) {
        report(new Message.TargetAsks(move, true));
      }
    }
  }

  private boolean isNew(MoveId move) {
    synchronized (seen) {
      Long last = seen.get(move.session());
      if (last != null && last >= move.incarnation()) {
        return false;
      }
      seen.put(move.session(), move.incarnation());
      return true;
    }
  }

  void report(Message.FromTarget message) {
    home.accept(message);
  }

  void ended(Incoming in) {
    incoming.remove(in.move(), in);
  }

  void execute(Runnable task) {
    executor.execute(task);
  }

  Engine engine() {
    return engine;
  }

  Wires wires() {
    return wires;
  }

  Journal journal() {
    return journal;
  }

  Timeouts timeouts() {
    return timeouts;
  }

  Faults faults() {
    return faults;
  }
}
