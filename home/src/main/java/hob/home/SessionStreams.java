package hob.home;

import com.google.protobuf.ByteString;
import hob.home.proto.StreamEvent;
import hob.image.External;
import hob.image.PtsDevice;
import hob.image.StreamsHere;
import hob.image.proto.ControllingTerminal;
import hob.image.proto.OpenFile;
import hob.image.proto.StandIn;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.PidFd;
import hob.linux.Pipe;
import hob.linux.Poller;
import hob.linux.ProcFs;
import hob.linux.SystemV;
import hob.linux.Terminal;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A session's streams on one host.
 *
 * <p>At home a stream is a {@link HomeStream}: the real descriptions, kept while the tree is away.
 * Where the tree runs it is a {@link StandInEnd}: a pipe or terminal whose other end this daemon
 * holds. Between them go {@link StreamEvent}s with positions, so that what was under way when the
 * tree moved on is sent again to where it went, once. A tree that comes home gets its real
 * descriptions, unless bytes were read ahead for it or what it wrote is not through: then it keeps
 * a stand-in there too, whose events stay in this object.
 *
 * <p>A move, at its source: {@link #describe}, {@link #flush}, then {@link #resumeHere}, or {@link
 * #take} at home and {@link #close} elsewhere. At its target: {@link #open}, then {@link #started}
 * or {@link #abandonArrival}.
 *
 * <p>Any thread. One lock; under it nothing blocks, and {@code toPeer} is called, which therefore
 * must not call back. A thread of the session's own looks for waiting readers and changed terminals
 * as long as there is something to look at.
 */
final class SessionStreams implements Streams, StreamsHere {
  private static final System.Logger LOG = System.getLogger(SessionStreams.class.getName());
  private static final long TICK_MILLIS = 20;
  private static final int EAGER_TICKS = 20;
  private static final long MOST_MILLIS = 200;
  private static final int COST_SHARE = 50;
  private static final int EAGER_COST_SHARE = 3;
  private static final long MOST_UNDER_WAY = 1 << 20;

  private final boolean atHome;
  private final Consumer<StreamEvent> toPeer;
  private final Object lock = new Object();
  private final StreamLoop loop;
  private final Map<Integer, HomeStream> reals = new HashMap<>();
  private final Map<Integer, List<StandInEnd>> standIns = new HashMap<>();
  private final Map<WaitingReaders.File, Integer> fresh = new HashMap<>();
  private final Map<External, Integer> numbers = new HashMap<>();
  private final Map<Integer, StandIn> terminals = new HashMap<>();
  private final Map<Integer, Fd> prepared = new HashMap<>();
  private final Set<Integer> own = new HashSet<>();
  private final Set<SystemV.Id> keptIpc = new LinkedHashSet<>();
  private volatile boolean ipc;
  private final Map<Integer, Fd> kept = new HashMap<>();
  private final List<TerminalGuard> guards = new ArrayList<>();
  private final Map<Integer, Integer> ahead = new HashMap<>();
  private SharedPipes.Found pipes = SharedPipes.Found.NOTHING;
  private volatile Supplier<List<Integer>> processes = List::of;
  private String devpts = "/dev/pts";
  private @Nullable ScheduledExecutorService ticker;
  private int lastId;
  private int lastNumber;
  private int eager;
  private boolean closed;

  /**
   * The streams of one session on this host.
   *
   * @param atHome whether this host is the session's home
   * @param toPeer sends to the other side, in order, without blocking; called under the lock
   */
  SessionStreams(boolean atHome, Poller poller, Consumer<StreamEvent> toPeer) {
    this.atHome = atHome;
    this.toPeer = toPeer;
    this.loop = new StreamLoop(poller, lock, Arena.ofAuto().allocate(StreamSender.READ, 64));
  }

  /**
   * Where the tree runs, before {@link #open}; at home, also where its shadows are.
   *
   * @param hostPids gives the tree's processes or shadows, by their pids in this daemon's /proc;
   *     any thread
   * @param devptsPath the sandbox's devpts as this daemon reaches it: {@code
   *     /proc/PID/root/dev/pts}
   */
  void sandbox(Supplier<List<Integer>> hostPids, String devptsPath) {
    synchronized (lock) {
      processes = hostPids;
      devpts = devptsPath;
    }
  }

  // ---- capture

  /** At home, before the tree stops: who else has its pipes open. */
  void pipes(SharedPipes.Found found) {
    synchronized (lock) {
      pipes = found;
    }
  }

  @Override
  public int id(FileStat file) {
    synchronized (lock) {
      int known = known(WaitingReaders.File.of(file));
      if (known != 0) {
        return known;
      }
      if (!atHome) {
        throw new IllegalStateException(
            "a pipe or terminal that is none of the session's streams leads out of the tree: inode "
                + file.inode());
      }
      lastId++;
      fresh.put(WaitingReaders.File.of(file), lastId);
      return lastId;
    }
  }

  private int known(WaitingReaders.File file) {
    for (var e : standIns.entrySet()) {
      for (StandInEnd s : e.getValue()) {
        if (WaitingReaders.File.of(s.stat()).equals(file)) {
          return e.getKey();
        }
      }
    }
    for (var e : reals.entrySet()) {
      if (WaitingReaders.File.of(e.getValue().stat()).equals(file)) {
        return e.getKey();
      }
    }
    return fresh.getOrDefault(file, 0);
  }

  @Override
  public boolean isStandIn(long inode) {
    synchronized (lock) {
      return pipes.shared().contains(inode)
          || standIns.values().stream()
              .flatMap(List::stream)
              .anyMatch(s -> s.stat().isFifo() && s.stat().inode() == inode);
    }
  }

  @Override
  public StandIn describe(External external, StandIn.Builder into) {
    synchronized (lock) {
      for (StandInEnd s : standIns.getOrDefault(external.stream(), List.of())) {
        if (s.serves(external.access())) {
          s.describe(external, into);
          return into.build();
        }
      }
      lastNumber++;
      numbers.put(external, lastNumber);
      into.setDescription(lastNumber);
      HomeStream before = reals.get(external.stream());
      if (before != null) {
        into.setSent(before.sent()).setReceived(before.received());
      }
      try (Fd its = real(external)) {
        if (external.terminal()) {
          into.setTermios(ByteString.copyFrom(Terminal.settings(its)))
              .setWindow(ByteString.copyFrom(Terminal.window(its)))
              .setNumber(1 + external.number());
        } else {
          into.setCapacity(Pipe.capacity(its));
          if (external.access() == Fd.O_RDONLY) {
            takeAlong(external.stream(), its, into);
          }
        }
      }
      return into.build();
    }
  }

  /** What stands in a pipe that nobody else reads is to be read at once where the tree goes. */
  private void takeAlong(int stream, Fd reading, StandIn.Builder into) {
    if (Pipe.pending(reading) > 0 && pipes.read().contains(FileStat.of(reading.path()).inode())) {
      ByteString unread = ByteString.copyFrom(Pipe.peek(reading));
      ahead.put(stream, unread.size());
      into.setUnread(unread).setReceived(into.getReceived() + unread.size());
    }
  }

  /** A duplicate of the description; a new one of a terminal that the process has not open. */
  private static Fd real(External e) {
    if (e.fd() < 0) {
      return Fd.open(terminal(e), Fd.O_RDWR | Fd.O_NOCTTY | Fd.O_NONBLOCK);
    }
    try (Fd pidfd = PidFd.open(e.pid())) {
      return PidFd.get(pidfd, e.fd());
    }
  }

  private static FileStat stat(External e, Fd real) {
    return FileStat.of(e.terminal() ? terminal(e) : real.path());
  }

  /** By its own name: a description may be of {@code /dev/tty}, which is another for a daemon. */
  private static String terminal(External e) {
    return "/proc/" + e.pid() + "/root/dev/pts/" + e.number();
  }

  @Override
  public void take(List<External> externals) {
    synchronized (lock) {
      standIns.values().forEach(l -> l.forEach(StandInEnd::close));
      standIns.clear();
      guards.clear();
      for (External e : externals) {
        Integer number = numbers.remove(e);
        if (number != null) {
          take(e, number);
        }
      }
      ahead.forEach((stream, bytes) -> {
        HomeStream taken = reals.get(stream);
        if (taken != null) {
          taken.skip(bytes);
        }
      });
      forgetCapture();
      reals.values().forEach(HomeStream::pause);
    }
  }

  /** Who was killed meanwhile has none any more. */
  private void take(External e, int number) {
    Fd real;
    FileStat stat;
    try {
      real = real(e);
      stat = stat(e, real);
    } catch (LinuxException x) {
      if (ProcFs.saysGone(x, e.pid())) {
        return;
      }
      throw x;
    }
    reals
        .computeIfAbsent(
            e.stream(),
            id ->
                new HomeStream(
                    loop, e.terminal(), stat, () -> processes.get(), event -> fromHome(id, event)))
        .add(number, real, e.access(), e.terminal() ? terminal(e) : real.path());
  }

  /**
   * At home, while the tree is away: masters of its own pseudo-terminals, whose numbers nobody else
   * gets meanwhile.
   *
   * @param masters closed by this object
   */
  void keep(List<Fd> masters) {
    synchronized (lock) {
      for (Fd m : masters) {
        Fd before = kept.put(Terminal.number(m), m);
        if (before != null) {
          before.close();
        }
      }
    }
  }

  /** At home, while the tree is away: System V objects that were its own when it left. */
  void keepIpc(Set<SystemV.Id> ids) {
    synchronized (lock) {
      keptIpc.clear();
      keptIpc.addAll(ids);
    }
  }

  @Override
  public Set<SystemV.Id> kept() {
    synchronized (lock) {
      return Set.copyOf(keptIpc);
    }
  }

  /** Before the tree stops: whether it uses System V IPC. */
  void ipc(boolean uses) {
    ipc = uses;
  }

  @Override
  public boolean usesIpc() {
    return ipc;
  }

  @Override
  public @Nullable Fd master(int number) {
    synchronized (lock) {
      Fd master = kept.get(number);
      if (master == null) {
        master = prepared.computeIfAbsent(1 + number, n -> TerminalStandIn.master(devpts, number));
        own.add(1 + number);
      }
      return Terminal.number(master) == number ? master.dup() : null;
    }
  }

  private void forgetCapture() {
    numbers.clear();
    fresh.clear();
    ahead.clear();
    pipes = SharedPipes.Found.NOTHING;
  }

  @Override
  public void flush() {
    synchronized (lock) {
      all(StandInEnd::flush);
    }
  }

  private void all(Consumer<StandInEnd> action) {
    standIns.values().forEach(l -> l.forEach(action));
  }

  @Override
  public void resumeHere() {
    synchronized (lock) {
      forgetCapture();
      all(StandInEnd::resume);
    }
  }

  // ---- restore

  @Override
  public Fd open(OpenFile file) {
    synchronized (lock) {
      StandIn s = file.getStandIn();
      int access = file.getFlags() & 3;
      HomeStream real = reals.get(s.getId());
      if (atHome && real == null) {
        throw new IllegalStateException("stream " + s.getId() + " has no real end here");
      }
      if (real != null && (s.getTerminal() || !stays(real, s, access))) {
        if (s.getTerminal()) {
          terminals.put(s.getId(), s);
        }
        return real.real(s.getDescription(), file.getFlags());
      }
      return standIn(file).open(file);
    }
  }

  private StandInEnd standIn(OpenFile file) {
    StandIn s = file.getStandIn();
    List<StandInEnd> ends = standIns.computeIfAbsent(s.getId(), k -> new ArrayList<>());
    for (StandInEnd e : ends) {
      if (e.serves(file.getFlags() & 3)) {
        return e;
      }
    }
    Consumer<StreamEvent.Builder> out = event -> fromStandIn(s.getId(), event);
    StandInEnd made;
    if (s.getTerminal()) {
      Fd master = prepared.remove(s.getNumber());
      made =
          new TerminalStandIn(
              loop,
              master != null ? master : TerminalStandIn.master(devpts, s.getNumber() - 1),
              s,
              out);
    } else {
      made = new PipeStandIn(loop, file, out);
    }
    ends.add(made);
    return made;
  }

  /**
   * Abroad: makes the pseudo-terminal that will stand for a terminal of the home, which its
   * session's leader must open before the session has other members.
   *
   * @param number of the terminal at home
   * @return N of /dev/pts/N in the sandbox
   */
  int prepareTerminal(int number) {
    synchronized (lock) {
      Fd mine = kept.get(number - 1);
      return Terminal.number(
          mine != null
              ? mine
              : prepared.computeIfAbsent(number, n -> TerminalStandIn.master(devpts, n - 1)));
    }
  }

  /** Abroad: the stand-in of a terminal that controls a session, maybe open in no process. */
  void open(ControllingTerminal terminal) {
    synchronized (lock) {
      StandInEnd _ =
          standIn(
              OpenFile.newBuilder().setFlags(Fd.O_RDWR).setStandIn(terminal.getStandIn()).build());
    }
  }

  // ---- controlling terminals

  /**
   * The number at home of the terminal with a packed device number here; 0 when it is none that
   * leads home.
   */
  int terminalNumber(int device) {
    if (atHome) {
      return 1 + PtsDevice.number(device);
    }
    synchronized (lock) {
      // One of the tree's own has the number that it has here.
      return terminal(device).map(TerminalStandIn::number).orElse(1 + PtsDevice.number(device));
    }
  }

  private Optional<TerminalStandIn> terminal(int device) {
    for (List<StandInEnd> ends : standIns.values()) {
      for (StandInEnd e : ends) {
        if (e instanceof TerminalStandIn t && t.device() == device) {
          return Optional.of(t);
        }
      }
    }
    return Optional.empty();
  }

  /** At home: whether signals typed at this terminal go to the stand-in of it as a whole. */
  boolean controls(int device) {
    synchronized (lock) {
      return reals.values().stream().anyMatch(r -> r.controls(device));
    }
  }

  /** At home: see {@link HomeStream#standingFor}. */
  int foregroundStandingFor(int stream, int there) {
    synchronized (lock) {
      HomeStream real = reals.get(stream);
      return real == null ? 0 : real.standingFor(there);
    }
  }

  /**
   * Abroad: a character that makes a signal was typed at home.
   *
   * @param device packed number of the terminal that controls who was told
   * @return whether there is a stand-in of it here
   */
  boolean typed(int device, int signal) {
    synchronized (lock) {
      Optional<TerminalStandIn> t = terminal(device);
      t.ifPresent(s -> s.signal(signal));
      return t.isPresent();
    }
  }

  /** Abroad: this host has set a stand-in's foreground group. */
  void foregroundSet(int stream, int pgid) {
    synchronized (lock) {
      standIns
          .getOrDefault(stream, List.of())
          .forEach(e -> {
            if (e instanceof TerminalStandIn t) {
              t.foreground(pgid);
            }
          });
    }
  }

  /**
   * Abroad: the home has another foreground group.
   *
   * @return packed device number of the stand-in; 0 when there is none here
   */
  int foreground(int stream, int pgid) {
    synchronized (lock) {
      for (StandInEnd e : standIns.getOrDefault(stream, List.of())) {
        if (e instanceof TerminalStandIn t) {
          t.foregroundAtHome(pgid);
          return t.device();
        }
      }
      return 0;
    }
  }

  /** Whether a process that comes home needs a stand-in there. */
  private static boolean stays(HomeStream real, StandIn s, int access) {
    return access == Fd.O_RDONLY
        ? !s.getUnread().isEmpty() || real.ahead(s.getReceived())
        : !real.through(s.getSent());
  }

  /** The tree that was opened here runs here now. */
  void started() {
    synchronized (lock) {
      own.forEach(n -> Fd.closeAll(Objects.requireNonNull(prepared.remove(n))));
      own.clear();
      Fd.closeAll(kept.values());
      kept.clear();
      if (atHome) {
        terminals.forEach(this::terminalIsHome);
        if (!guards.isEmpty()) {
          startTicker();
        }
        terminals.clear();
        reals.forEach((id, real) -> {
          real.pause();
          if (real.lingers()) {
            return;
          }
          List<StandInEnd> here = standIns.getOrDefault(id, List.of());
          real.release(
              here.stream().anyMatch(e -> e.serves(Fd.O_RDONLY)),
              here.stream().anyMatch(e -> e.serves(Fd.O_WRONLY)));
        });
        reals
            .entrySet()
            .removeIf(e -> !standIns.containsKey(e.getKey()) && !e.getValue().lingers());
      }
      all(e -> {
        if (!e.started()) {
          e.start();
        }
      });
      if (!standIns.isEmpty()) {
        startTicker();
      }
    }
  }

  private void terminalIsHome(int id, StandIn s) {
    HomeStream real = reals.get(id);
    if (real != null) {
      processes.get().stream()
          .findFirst()
          .ifPresent(root -> guards.add(new TerminalGuard(PtsDevice.packed(real.stat()), root)));
      real.typeAgain(s.getUnread(), s.getReceived());
      if (!real.through(s.getSent())) {
        real.linger(
            s.getSent(),
            () -> {
              real.close();
              reals.remove(id);
            });
      }
    }
  }

  /** The tree that was opened here does not run here. */
  void abandonArrival() {
    synchronized (lock) {
      terminals.clear();
      dropPrepared();
      standIns
          .values()
          .forEach(l ->
              l.removeIf(e -> {
                if (!e.started()) {
                  e.close();
                }
                return !e.started();
              }));
      standIns.values().removeIf(List::isEmpty);
    }
  }

  // ---- events

  private void fromHome(int id, StreamEvent.Builder event) {
    StreamEvent e = event.setStream(id).build();
    if (standIns.containsKey(id)) {
      loop.later(() -> toStandIn(e));
    } else {
      toPeer.accept(e);
    }
  }

  private void fromStandIn(int id, StreamEvent.Builder event) {
    StreamEvent e = event.setStream(id).build();
    if (atHome) {
      loop.later(() -> toReal(e));
    } else {
      toPeer.accept(e);
    }
  }

  private void toStandIn(StreamEvent e) {
    List.copyOf(standIns.getOrDefault(e.getStream(), List.of())).forEach(s -> s.handle(e));
    if (e.hasData()) {
      eager = EAGER_TICKS;
    }
  }

  private void toReal(StreamEvent e) {
    HomeStream real = reals.get(e.getStream());
    if (real != null) {
      real.handle(e);
      startTicker();
      if (e.hasOpened() && ticker != null) {
        ticker.execute(this::lookNow);
      }
    }
  }

  @Override
  public void receive(StreamEvent event) {
    synchronized (lock) {
      if (closed) {
        return;
      }
      if (atHome) {
        toReal(event);
      } else {
        toStandIn(event);
      }
    }
  }

  private void dropPrepared() {
    own.clear();
    prepared.values().forEach(Fd::close);
    prepared.clear();
  }

  /** Sends on what changed at the home's terminals: to be called before a signal is forwarded. */
  void tellTerminals() {
    synchronized (lock) {
      reals.values().forEach(HomeStream::tick);
    }
  }

  // ---- output before its writer's end

  /**
   * Runs {@code then} once all output that has reached this host so far is at the real ends; at
   * once, or later on the poller's thread. {@code then} must not block.
   */
  void whenWritten(Runnable then) {
    synchronized (lock) {
      Countdown all = new Countdown(1 + reals.size(), then);
      reals.values().forEach(r -> r.whenWritten(all::one));
      all.one();
    }
  }

  private static final class Countdown {
    private final Runnable then;
    private int left;

    Countdown(int left, Runnable then) {
      this.left = left;
      this.then = then;
    }

    void one() {
      left--;
      if (left == 0) {
        then.run();
      }
    }
  }

  /** {@inheritDoc} Abroad it waits only when home is slow, so as not to run far ahead of it. */
  @Override
  public boolean awaitDrained(Duration limit) {
    long until = System.nanoTime() + limit.toNanos();
    CountDownLatch done = new CountDownLatch(1);
    if (atHome) {
      whenWritten(done::countDown);
      return await(done, until);
    }
    while (!flushUnlessFarAhead()) {
      if (System.nanoTime() >= until) {
        return false;
      }
      await(done, Math.min(until, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS)));
    }
    return true;
  }

  private boolean flushUnlessFarAhead() {
    synchronized (lock) {
      long underWay =
          standIns.values().stream().flatMap(List::stream).mapToLong(StandInEnd::underWay).sum();
      if (underWay >= MOST_UNDER_WAY) {
        return false;
      }
      flush();
      return true;
    }
  }

  private static boolean await(CountDownLatch latch, long until) {
    try {
      return latch.await(until - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  // ---- the ticker

  private void startTicker() {
    if (ticker == null && !closed) {
      ticker =
          Executors.newSingleThreadScheduledExecutor(
              Thread.ofPlatform().daemon().name("hob-streams").factory());
      schedule(ticker, TICK_MILLIS);
    }
  }

  private void schedule(ScheduledExecutorService on, long millis) {
    ScheduledFuture<?> _ = on.schedule(this::tick, millis, TimeUnit.MILLISECONDS);
  }

  private void lookNow() {
    try {
      look();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "a stream failed", e);
    }
  }

  private void tick() {
    long start = System.nanoTime();
    lookNow();
    long cost = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    synchronized (lock) {
      if (!closed && ticker != null) {
        eager = Math.max(0, eager - 1);
        schedule(
            ticker,
            eager > 0
                ? Math.max(1, EAGER_COST_SHARE * cost)
                : Math.clamp(COST_SHARE * cost, TICK_MILLIS, MOST_MILLIS));
      }
    }
  }

  private record Asking(StandInEnd end, long from, WaitingReaders.File file) {}

  /** The lock is not held while /proc is read. */
  private void look() {
    List<Asking> asking = new ArrayList<>();
    Map<WaitingReaders.File, Boolean> files = new HashMap<>();
    List<HomeStream> wondering = new ArrayList<>();
    Supplier<List<Integer>> pids;
    synchronized (lock) {
      pids = processes;
      guards.removeIf(g -> !g.look());
      reals.values().forEach(HomeStream::tick);
      all(StandInEnd::tick);
      all(e ->
          e.asks()
              .ifPresent(from -> {
                WaitingReaders.File f = WaitingReaders.File.of(e.stat());
                asking.add(new Asking(e, from, f));
                files.put(f, !e.stat().isFifo());
              }));
      reals.values().stream().filter(HomeStream::wondersWhoReads).forEach(wondering::add);
    }
    if (!asking.isEmpty()) {
      Map<WaitingReaders.File, WaitingReaders.Want> found = WaitingReaders.find(pids.get(), files);
      synchronized (lock) {
        asking.forEach(a -> a.end.wanted(a.from, found.get(a.file)));
      }
    }
    if (!wondering.isEmpty()) {
      findReaders(wondering);
    }
  }

  /** This daemon has the pipe open itself; a feeder's process at home is not the real reader. */
  private void findReaders(List<HomeStream> pipes) {
    Set<Integer> besides = Set.of((int) ProcessHandle.current().pid());
    for (HomeStream s : pipes) {
      boolean others = s.othersRead(besides);
      synchronized (lock) {
        if (others) {
          s.lookLater();
        } else if (s.wondersWhoReads()) {
          s.soleReader();
        }
      }
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      all(StandInEnd::close);
      standIns.clear();
      dropPrepared();
      Fd.closeAll(kept.values());
      kept.clear();
      reals.values().forEach(HomeStream::close);
      reals.clear();
      if (ticker != null) {
        ticker.shutdownNow();
      }
    }
  }
}
