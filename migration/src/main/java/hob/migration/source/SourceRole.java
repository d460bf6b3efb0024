package hob.migration.source;

import hob.home.Engine;
import hob.home.Recovered;
import hob.home.SessionId;
import hob.image.Refusal;
import hob.migration.MoveId;
import hob.migration.SerialExecutor;
import hob.migration.Wires;
import hob.migration.fault.Faults;
import hob.migration.message.Message;
import hob.migration.transfer.TransferStrategy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** All moves whose source is this host. Any thread. */
public final class SourceRole {
  private static final System.Logger LOG = System.getLogger(SourceRole.class.getName());

  private final Engine engine;
  private final Wires wires;
  private final Consumer<Message.FromSource> home;
  private final Map<String, TransferStrategy> strategies;
  private final Faults faults;
  private final Executor executor;
  private final Map<SessionId, Outgoing> outgoing = new ConcurrentHashMap<>();

  /**
   * Copies of which only the incarnation before the move is known: the first order about one of
   * their sessions is about that move, since the home closes no move before it is heard.
   */
  private final Set<MoveId> recovered = ConcurrentHashMap.newKeySet();

  /**
   * Makes the role.
   *
   * @param home takes reports to the home of their session
   * @param executor of platform threads
   */
  public SourceRole(
      Engine engine,
      Wires wires,
      Consumer<Message.FromSource> home,
      Map<String, TransferStrategy> strategies,
      Faults faults,
      Executor executor) {
    this.engine = engine;
    this.wires = wires;
    this.home = home;
    this.strategies = Map.copyOf(strategies);
    this.faults = faults;
    this.executor = executor;
  }

  /** Takes up copies that an earlier daemon left frozen. */
  public void recover(Recovered.InDoubtSource found) {
    MoveId move = new MoveId(found.session(), found.incarnation());
    recovered.add(move);
    outgoing.put(
        found.session(),
        new Outgoing(
            this, move, new SourceState.InDoubt(found.departure()), new SerialExecutor(executor)));
  }

  /** An order of the home, which the caller has checked. */
  public void hear(Message.ToSource order) {
    MoveId move = order.move();
    Outgoing o = outgoing.get(move.session());
    if (o != null && o.move().equals(move)) {
      o.hear(order);
      return;
    }
    if (o != null && recovered.remove(o.move())) {
      Outgoing named = o.as(move);
      outgoing.put(move.session(), named);
      named.hear(order);
      return;
    }
    switch (order) {
      case Message.Depart m -> begin(m, o);
      case Message.Send _ -> report(new Message.SendFailed(move, "nothing is to be sent", true));
      case Message.Leave _ -> report(new Message.Left(move));
      case Message.Stay _ -> report(new Message.Stayed(move, ""));
    }
  }

  private void begin(Message.Depart order, @Nullable Outgoing other) {
    MoveId move = order.move();
    if (other != null) {
      String why = "it is still leaving under incarnation " + other.move().incarnation();
      report(new Message.DepartureRefused(move, List.of(new Refusal(0, "moving", why))));
      return;
    }
    Outgoing fresh =
        new Outgoing(this, move, new SourceState.Asked(), new SerialExecutor(executor));
    outgoing.put(move.session(), fresh);
    fresh.hear(order);
  }

  /** Asks the home about all copies in doubt. */
  public void ask(String homeHost) {
    for (Outgoing o : outgoing.values()) {
      if (o.isInDoubt() && o.move().home().equals(homeHost)) {
        LOG.log(System.Logger.Level.INFO, "{0}: in doubt, asking {1}", o.move(), homeHost);
        report(new Message.SourceAsks(o.move()));
      }
    }
  }

  void report(Message.FromSource message) {
    home.accept(message);
  }

  void ended(Outgoing o) {
    recovered.remove(o.move());
    outgoing.remove(o.move().session(), o);
  }

  Engine engine() {
    return engine;
  }

  Wires wires() {
    return wires;
  }

  Faults faults() {
    return faults;
  }

  TransferStrategy strategy(String name) {
    TransferStrategy s = strategies.get(name);
    if (s == null) {
      throw new IllegalArgumentException(
          "no transfer strategy is called %s; there are %s".formatted(name, strategies.keySet()));
    }
    return s;
  }
}
