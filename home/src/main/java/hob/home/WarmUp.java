package hob.home;

import hob.image.BareProcess;
import hob.image.Tracer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Moves a process of no importance to and fro inside this daemon, so that the compiled code is
 * there when the first real process stands still: a cold virtual machine takes ten times as long.
 */
final class WarmUp {
  private static final System.Logger LOG = System.getLogger(WarmUp.class.getName());
  private static final String HOME = "warm-up-1";
  private static final String AWAY = "warm-up-2";

  private final ConcurrentMap<String, KernelEngine> engines = new ConcurrentHashMap<>();

  private WarmUp() {}

  /**
   * Moves {@code rounds} times away and back; a failure is only noted. Takes seconds; any thread.
   */
  static void run(int rounds) {
    try {
      Path state = Files.createTempDirectory("hob-warm-up");
      try {
        new WarmUp().move(rounds, state);
      } finally {
        remove(state);
      }
    } catch (IOException | MoveRefusedException | RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "the warm-up failed; the first moves will be slower", e);
    }
  }

  private void move(int rounds, Path state) throws MoveRefusedException {
    for (String name : List.of(HOME, AWAY)) {
      engines.put(name, new KernelEngine(new Link(name), state.resolve(name)));
    }
    Tracer tracer = new Tracer("warm-up");
    int pid = tracer.call(() -> BareProcess.start("/bin/sleep", List.of("sleep", "1000")));
    try {
      SessionId id = new SessionId(HOME, pid, LocalSession.start(pid));
      for (int i = 0; i < rounds; i++) {
        once(id, 2L * i + 1, HOME, AWAY);
        once(id, 2L * i + 2, AWAY, HOME);
      }
    } finally {
      tracer.run(() -> BareProcess.end(pid));
      tracer.close();
      engines.values().forEach(KernelEngine::close);
    }
  }

  private KernelEngine engine(String name) {
    KernelEngine e = engines.get(name);
    if (e == null) {
      throw new IllegalStateException("no engine " + name);
    }
    return e;
  }

  private void once(SessionId id, long incarnation, String from, String to)
      throws MoveRefusedException {
    try (Arena arena = Arena.ofConfined();
        Departure d = engine(from).depart(id, id.pid(), incarnation);
        Arrival a = engine(to).arrive(id, incarnation, d.outline())) {
      a.map(d.freeze());
      MemorySegment b = arena.allocate(1 << 20, 4096);
      for (long at = 0; at < d.pageBytes(); at += b.byteSize()) {
        MemorySegment part = b.asSlice(0, Math.min(b.byteSize(), d.pageBytes() - at));
        d.read(at, part);
        a.write(at, part);
      }
      d.holdInDoubt();
      a.prepare();
      engines.values().forEach(e -> e.located(id, incarnation, to));
      a.resume();
      d.leave(to);
    }
  }

  private static void remove(Path directory) throws IOException {
    try (var files = Files.walk(directory)) {
      for (Path p : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(p);
      }
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
    public void sessionEnded(SessionId session) {}
  }
}
