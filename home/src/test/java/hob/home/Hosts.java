package hob.home;

import hob.image.proto.TreeOutline;
import hob.linux.ProcFs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/**
 * Several engines on this one kernel, each with a host name of its own, that reach each other
 * without a network: what a test of the kernel side needs. The pid namespace of all homes is the
 * test's own.
 */
final class Hosts implements AutoCloseable {
  private final Map<String, KernelEngine> engines = new LinkedHashMap<>();
  private final Map<SessionId, Boolean> ended = new ConcurrentHashMap<>();
  private final Map<SessionId, Long> incarnations = new ConcurrentHashMap<>();

  private Runnable inDoubt = () -> {};
  private UnaryOperator<TreeOutline> told = o -> o;

  /** Where the time of the last move went. */
  String phases = "";

  private final Path state;

  Hosts(Path state, String... names) {
    this(state, Map.of(), names);
  }

  /**
   * Those of which some run what comes in control groups of its own.
   *
   * @param rules by host
   */
  Hosts(Path state, Map<String, ForeignGroups> rules, String... names) {
    this.state = state;
    for (String name : names) {
      Capacity capacity = Capacity.all().in(rules.getOrDefault(name, new ForeignGroups(Map.of())));
      engines.put(
          name, new KernelEngine(new Link(name), state.resolve(name), capacity, HomeFiles.SHARED));
    }
  }

  private final class Link implements EngineLink {
    private final String self;

    Link(String self) {
      this.self = self;
    }

    @Override
    public String self() {
      return self;
    }

    @Override
    public void send(String peer, EngineMessage message) {
      engine(peer).receive(self, message);
    }

    @Override
    public void sessionEnded(SessionId session) {
      if (session.home().equals(self)) {
        ended.put(session, true);
      }
    }
  }

  /** The session of a tree whose home is h1, by its root. */
  static SessionId atH1(int pid) {
    return new SessionId("h1", pid, ProcFs.stat("/proc/" + pid + "/stat").startTime());
  }

  KernelEngine engine(String host) {
    return Objects.requireNonNull(engines.get(host), host);
  }

  boolean ended(SessionId id) {
    return ended.containsKey(id);
  }

  /** What happens in later moves while source and target are in doubt. */
  void inDoubt(Runnable happens) {
    inDoubt = happens;
  }

  /** What targets of later moves are told instead of what a source says. */
  void told(UnaryOperator<TreeOutline> instead) {
    told = instead;
  }

  /** Moves a session and returns the freeze time, nanoseconds. */
  long move(SessionId id, String from, String to) throws Exception {
    long incarnation = incarnations.merge(id, 1L, Long::sum);
    Departure d = engine(from).depart(id, id.pid(), incarnation);
    try (Arena arena = Arena.ofConfined()) {
      Arrival a = engine(to).arrive(id, incarnation, told.apply(d.outline()));
      try {
        byte[] image = d.freeze();
        long t1 = System.nanoTime();
        a.map(image);
        long t2 = System.nanoTime();
        MemorySegment b = arena.allocate(1 << 20, 4096);
        for (long at = 0; at < d.pageBytes(); at += b.byteSize()) {
          MemorySegment part = b.asSlice(0, Math.min(b.byteSize(), d.pageBytes() - at));
          d.read(at, part);
          a.write(at, part);
        }
        long t3 = System.nanoTime();
        d.holdInDoubt();
        long t4 = System.nanoTime();
        a.prepare();
        inDoubt.run();
        long t5 = System.nanoTime();
        phases =
            "freeze %.2f map %.2f pages %.2f doubt %.2f prepare %.2f"
                .formatted(
                    (t1 - d.frozenAtNanos()) / 1e6,
                    (t2 - t1) / 1e6,
                    (t3 - t2) / 1e6,
                    (t4 - t3) / 1e6,
                    (t5 - t4) / 1e6);
      } catch (Exception e) {
        try {
          a.destroy();
          d.resume();
        } catch (RuntimeException second) {
          e.addSuppressed(second);
        }
        throw e;
      }
      long frozen = d.frozenAtNanos();
      for (KernelEngine e : engines.values()) {
        e.located(id, incarnation, to);
      }
      a.resume();
      d.leave(to);
      return a.resumedAtNanos() - frozen;
    }
  }

  /** A move at the moment when both hosts are in doubt. */
  record Doubt(Departure departure, Arrival arrival) {}

  /** Begins a move. */
  Doubt doubt(SessionId id, String from, String to) throws Exception {
    long incarnation = incarnations.merge(id, 1L, Long::sum);
    Departure d = engine(from).depart(id, id.pid(), incarnation);
    try (Arena arena = Arena.ofConfined()) {
      Arrival a = engine(to).arrive(id, incarnation, d.outline());
      a.map(d.freeze());
      MemorySegment all = arena.allocate(Math.max(1, d.pageBytes()), 4096);
      MemorySegment pages = all.asSlice(0, d.pageBytes());
      d.read(0, pages);
      a.write(0, pages);
      d.holdInDoubt();
      a.prepare();
      return new Doubt(d, a);
    }
  }

  /** Gives a move up when both hosts are in doubt. */
  void giveUp(SessionId id, String from, String to) throws Exception {
    Doubt doubt = doubt(id, from, to);
    inDoubt.run();
    doubt.arrival.destroy();
    doubt.departure.resume();
  }

  /** Its daemon ends, as if killed: the kernel lets go of what it traces. */
  void stop(String host) {
    engine(host).close();
  }

  /** Its next daemon; what it finds. */
  List<Recovered> start(String host) {
    KernelEngine next =
        new KernelEngine(new Link(host), state.resolve(host), Capacity.all(), HomeFiles.SHARED);
    engines.put(host, next);
    return next.recover();
  }

  @Override
  public void close() {
    engines.forEach((host, engine) -> {
      // Sandboxes outlive engines: what a failed test left abroad would run on.
      incarnations.keySet().stream().filter(id -> !id.home().equals(host)).forEach(engine::abandon);
      engine.close();
    });
  }
}
