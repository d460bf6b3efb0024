package hob.home;

import com.google.protobuf.InvalidProtocolBufferException;
import hob.home.net.HostNetwork;
import hob.home.proto.EngineEvent;
import hob.image.Capture;
import hob.image.Refusal;
import hob.image.TreeWalk;
import hob.image.format.TreeImages;
import hob.image.proto.TreeOutline;
import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.Poller;
import hob.linux.ProcFs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The {@link Engine} that works on the real kernel. */
public final class KernelEngine implements Engine, RemoteInvocation {
  private static final System.Logger LOG = System.getLogger(KernelEngine.class.getName());
  private static final int LEASE = 1 << 15;
  private static final long PATIENCE_MILLIS = 2_000;

  private final EngineLink link;
  private final EngineFiles files;
  private final Capacity capacity;
  private final HomeFiles homeFiles;
  private final HostNetwork network;
  private final Poller poller = new Poller("hob-poller");
  private final Map<SessionId, LocalSession> sessions = new ConcurrentHashMap<>();
  private final int self = (int) ProcessHandle.current().pid();
  private final HighPids highPids = new HighPids();
  private int leases;

  /** Sessions whose images are being written; also guards what makes sessions of them. */
  private final Set<SessionId> imaged = new HashSet<>();

  /**
   * An engine.
   *
   * @param state directory for what must outlive this daemon; one engine at a time
   * @param capacity what processes may come for
   */
  public KernelEngine(EngineLink link, Path state, Capacity capacity, HomeFiles homeFiles) {
    this(link, state, capacity, homeFiles, HostNetwork.none());
  }

  /** As the other one, with a network for processes abroad. */
  public KernelEngine(
      EngineLink link, Path state, Capacity capacity, HomeFiles homeFiles, HostNetwork network) {
    this.link = link;
    this.network = network;
    this.homeFiles = homeFiles;
    this.capacity = capacity;
    this.files = new EngineFiles(state);
  }

  /** Whether a session that an earlier daemon has left here still has its home's files. */
  boolean servesFiles(SessionId id) {
    return homeFiles.areServed(id);
  }

  LocalSession session(SessionId id, String location) {
    return sessions.computeIfAbsent(
        id,
        k ->
            new LocalSession(
                id, link, poller, files, network, location, () -> sessions.remove(id)));
  }

  @Override
  public List<Refusal> check(int pid) {
    for (LocalSession s : sessions.values()) {
      if (s.sandbox != null && s.hostPids.containsKey(pid)) {
        return unlessConnected(
            s.network != null,
            Capture.check(s::tree, java.util.Objects.requireNonNull(s.sandbox).init().pid()));
      }
    }
    if (pid <= 0 || !exists(pid)) {
      return List.of(new Refusal(pid, Refusal.ENDED, "there is no such process"));
    }
    if (pid == self) {
      return List.of(new Refusal(pid, "hob", "is a part of hob itself"));
    }
    return unlessConnected(network.works(), Capture.check(new TreeWalk(pid), self));
  }

  /** With a network connections with others are no reason. */
  private static List<Refusal> unlessConnected(boolean connected, List<Refusal> all) {
    return connected ? all.stream().filter(r -> !r.kind().equals(Refusal.OUTSIDE)).toList() : all;
  }

  private static boolean exists(int pid) {
    try {
      return ProcFs.stat("/proc/" + pid + "/stat").state() != 'X';
    } catch (LinuxException e) {
      return false;
    }
  }

  @Override
  public Departure depart(SessionId id, int rootPid, long incarnation) throws MoveRefusedException {
    LocalSession s;
    synchronized (imaged) {
      if (imaged.contains(id)) {
        throw new MoveRefusedException("its image is being written to a file; try again later");
      }
      s = session(id, link.self());
    }
    List<Refusal> refusals = refusals(s, rootPid);
    if (!refusals.isEmpty()) {
      if (s.role == LocalSession.Role.RESIDENT && s.incarnation == 0) {
        s.tracer().run(s::end);
      }
      throw new MoveRefusedException(refusals);
    }
    if (s.leasedFrom == 0) {
      s.leasedFrom = lease();
    }
    return new LiveDeparture(s, incarnation, homeFiles);
  }

  private List<Refusal> refusals(LocalSession s, int rootPid) {
    try {
      if (s.sandbox == null) {
        return check(rootPid);
      }
      List<Refusal> all =
          new ArrayList<>(
              unlessConnected(s.network != null, Capture.check(s::tree, s.sandbox.init().pid())));
      all.addAll(homeFiles.check(s.id(), s.tree()));
      return all;
    } catch (LinuxException e) {
      return e.errno() == Errno.ENOENT || e.errno() == Errno.ESRCH
          ? List.of(new Refusal(rootPid, Refusal.ENDED, "there is no such process"))
          : List.of(new Refusal(rootPid, "error", e.toString()));
    }
  }

  @Override
  public long image(SessionId id, int rootPid, ImageTaker taker)
      throws MoveRefusedException, IOException {
    LocalSession s;
    boolean fresh;
    synchronized (imaged) {
      fresh = !sessions.containsKey(id);
      if (!imaged.add(id)) {
        throw new MoveRefusedException("its image is being written to another file");
      }
      s = session(id, link.self());
    }
    try {
      if (s.role == LocalSession.Role.SHADOWS) {
        throw new MoveRefusedException("it runs on " + s.location);
      }
      List<Refusal> refusals = refusals(s, rootPid);
      if (!refusals.isEmpty()) {
        throw new MoveRefusedException(refusals);
      }
      return new LiveImage(s).take(taker);
    } finally {
      synchronized (imaged) {
        imaged.remove(id);
        if (fresh) {
          sessions.remove(id);
          s.tracer().close();
        }
      }
    }
  }

  private synchronized int lease() {
    int slots = (1 << 21) / LEASE;
    return Sandbox.FOREIGN_PIDS + (leases++ % slots) * LEASE;
  }

  @Override
  public Arrival arrive(SessionId id, long incarnation, TreeOutline outline)
      throws MoveRefusedException {
    if (outline.getVersion() != TreeImages.VERSION) {
      throw new MoveRefusedException(
          "the image has version "
              + outline.getVersion()
              + ", this host reads version "
              + TreeImages.VERSION);
    }
    if (!outline.getArch().equals(System.getProperty("os.arch"))) {
      throw new MoveRefusedException(
          "the processes are for "
              + outline.getArch()
              + ", this host is "
              + System.getProperty("os.arch"));
    }
    List<String> missing = capacity.missing(outline.getCpu());
    if (!missing.isEmpty()) {
      throw new MoveRefusedException("this host's CPU lacks " + String.join(", ", missing));
    }
    long available = capacity.memory();
    if (outline.getResidentBytes() > available) {
      throw new MoveRefusedException(
          "needs "
              + (outline.getResidentBytes() >> 20)
              + " MiB of memory, this host has "
              + (available >> 20)
              + " MiB");
    }
    if (id.home().equals(link.self())) {
      LocalSession s = sessions.get(id);
      if (s == null || s.role != LocalSession.Role.SHADOWS) {
        throw new MoveRefusedException("this host knows of no shadow of session " + id);
      }
      return s.tracer().call(() -> new HomeArrival(s, incarnation, outline, highPids));
    }
    if (sessions.containsKey(id)) {
      throw new MoveRefusedException("session " + id + " is on this host already");
    }
    LocalSession s = session(id, link.self());
    try {
      ForeignArrival arrival =
          s.tracer().call(() -> new ForeignArrival(s, incarnation, outline, homeFiles, capacity));
      arrival.awaitNetwork();
      return arrival;
    } catch (RuntimeException e) {
      sessions.remove(id);
      s.tracer().close();
      if (e.getCause() instanceof MoveRefusedException m) {
        throw m;
      }
      throw new MoveRefusedException(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public boolean hold(SessionId id, Runnable proceed) {
    LocalSession s;
    try {
      s = session(id, link.self());
    } catch (RuntimeException e) {
      proceed.run();
      throw e;
    }
    boolean held = s.tracer().call(() -> s.hold(proceed));
    if (!held) {
      letGo(id);
    }
    return held;
  }

  @Override
  public SessionView family(SessionId id) {
    Set<Integer> others = new HashSet<>();
    sessions.values().stream()
        .filter(s -> s.id().home().equals(link.self()))
        .forEach(s -> others.addAll(s.tree()));
    return Views.of(id, link.self(), pid -> !others.contains(pid));
  }

  @Override
  public void letGo(SessionId id) {
    LocalSession s = sessions.get(id);
    if (s != null) {
      s.tracer().run(s::letGo);
    }
  }

  @Override
  public List<Recovered> recover() {
    List<Recovered> found = new ArrayList<>();
    for (var p : files.all()) {
      Recovery.of(p, this, link).ifPresent(found::add);
    }
    return found;
  }

  @Override
  public void located(SessionId id, long incarnation, String host) {
    if (!host.equals(link.self())) {
      network.at(id.toString(), host);
    }
    LocalSession s = sessions.get(id);
    if (s != null && incarnation >= s.incarnation) {
      s.incarnation = incarnation;
      s.location = host;
    }
  }

  @Override
  public List<SessionView> sessions() {
    return sessions.values().stream().map(Views::of).toList();
  }

  @Override
  public void receive(String peer, EngineMessage message) {
    EngineEvent e;
    try {
      e = EngineEvent.parseFrom(message.payload());
    } catch (InvalidProtocolBufferException _) {
      LOG.log(
          System.Logger.Level.WARNING,
          "unreadable message from {0} about {1}",
          peer,
          message.session());
      return;
    }
    LocalSession s = sessions.get(message.session());
    if (s == null) {
      unknown(peer, message, e);
      return;
    }
    try {
      s.tracer().submit(() -> s.receive(peer, e));
    } catch (IllegalStateException x) {
      LOG.log(
          System.Logger.Level.DEBUG,
          "session {0} has ended: {1}",
          message.session(),
          x.getMessage());
    }
  }

  /** A home that has forgotten a session knows all ends in it. */
  private void unknown(String peer, EngineMessage message, EngineEvent e) {
    LOG.log(
        System.Logger.Level.DEBUG,
        "message about session {0}, which is not here",
        message.session());
    if (e.hasExited() && message.session().home().equals(link.self())) {
      EngineEvent heard = LocalSession.heard(e.getExited().getPid()).build();
      link.send(
          peer, new EngineMessage(message.session(), message.incarnation(), heard.toByteArray()));
    }
  }

  @Override
  public void reconnected(String peer) {
    // What an earlier daemon here had paused; this one does not know that it was.
    ofHome(
        peer,
        s -> {
          s.unpause();
          s.tellEnds();
        });
  }

  @Override
  public void homeUnheard(String home) {
    ofHome(home, LocalSession::pause);
  }

  @Override
  public void homeHeard(String home) {
    ofHome(home, LocalSession::unpause);
  }

  @Override
  public void homeFilesLost(String home) {
    List<CompletableFuture<Boolean>> ended = new ArrayList<>();
    for (LocalSession s : sessions.values()) {
      if (s.id().home().equals(home)) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        ended.add(done);
        s.tracer().submit(() -> done.complete(s.filesLost()));
      }
    }
    try {
      CompletableFuture.allOf(ended.toArray(CompletableFuture<?>[]::new))
          .get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // It waits for a file itself, which ends with the mount.
      LOG.log(System.Logger.Level.WARNING, "a session of {0} is busy: {1}", home, e);
    }
  }

  private void ofHome(String home, Consumer<LocalSession> action) {
    for (LocalSession s : sessions.values()) {
      if (s.id().home().equals(home) && !home.equals(link.self())) {
        s.tracer().submit(() -> action.accept(s));
      }
    }
  }

  @Override
  public void abandon(SessionId id) {
    LocalSession s = sessions.get(id);
    if (s != null) {
      try {
        s.tracer()
            .run(() -> {
              s.busy = true;
              s.leaveSandbox();
              s.end();
            });
      } catch (IllegalStateException e) {
        if (!s.isOver()) {
          throw e;
        }
        // It ended by itself meanwhile.
      }
    }
  }

  @Override
  public void close() {
    sessions.values().forEach(s -> s.tracer().close());
    network.close();
    poller.close();
  }

  @Nullable LocalSession known(SessionId id) {
    return sessions.get(id);
  }
}
