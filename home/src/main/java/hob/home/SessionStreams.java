package hob.home;

import com.google.protobuf.ByteString;
import hob.home.proto.StreamEvent;
import hob.image.External;
import hob.image.proto.OpenFile;
import hob.image.proto.StandIn;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.PidFd;
import hob.linux.Pipe;
import hob.linux.Poller;
import hob.linux.Terminal;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
final class SessionStreams implements Streams {
  private static final System.Logger LOG = System.getLogger(SessionStreams.class.getName());
  private static final long TICK_MILLIS = 20;
  private static final int EAGER_TICKS = 20;
  private static final int COST_SHARE = 50;
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
  private Supplier<List<Integer>> processes = List::of;
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
   * Where the tree runs, before {@link #open}.
   *
   * @param hostPids gives the tree's processes, by their pids in this daemon's /proc; any thread
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
      return standIns.values().stream()
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
      try (Fd pidfd = PidFd.open(external.pid());
          Fd its = PidFd.get(pidfd, external.fd())) {
        if (external.terminal()) {
          into.setTermios(ByteString.copyFrom(Terminal.settings(its)))
              .setWindow(ByteString.copyFrom(Terminal.window(its)))
              .setNumber(1 + number(FileStat.of(its.path())));
        } else {
          into.setCapacity(Pipe.capacity(its));
        }
      }
      return into.build();
    }
  }

  private static int number(FileStat pts) {
    // Majors 136 to 143 have 256 each; Linux uses one major with more minors.
    return (int) pts.deviceNumber();
  }

  @Override
  public void take(List<External> externals) {
    synchronized (lock) {
      standIns.values().forEach(l -> l.forEach(StandInEnd::close));
      standIns.clear();
      for (External e : externals) {
        Integer number = numbers.remove(e);
        if (number != null) {
          try (Fd pidfd = PidFd.open(e.pid())) {
            Fd real = PidFd.get(pidfd, e.fd());
            reals
                .computeIfAbsent(
                    e.stream(),
                    id ->
                        new HomeStream(
                            loop,
                            e.terminal(),
                            FileStat.of(real.path()),
                            e.pid(),
                            event -> fromHome(id, event)))
                .add(number, real, e.access());
          }
        }
      }
      forgetCapture();
      reals.values().forEach(HomeStream::pause);
    }
  }

  private void forgetCapture() {
    numbers.clear();
    fresh.clear();
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
      List<StandInEnd> ends = standIns.computeIfAbsent(s.getId(), k -> new ArrayList<>());
      for (StandInEnd e : ends) {
        if (e.serves(access)) {
          return e.open(file);
        }
      }
      Consumer<StreamEvent.Builder> out = event -> fromStandIn(s.getId(), event);
      StandInEnd made =
          s.getTerminal()
              ? new TerminalStandIn(loop, devpts, file, out)
              : new PipeStandIn(loop, file, out);
      ends.add(made);
      return made.open(file);
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
      if (atHome) {
        terminals.forEach(this::terminalIsHome);
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

  /** Sends on the home terminals' sizes: to be called before a SIGWINCH is forwarded. */
  void tellWindows() {
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
        schedule(ticker, Math.max(eager > 0 ? 1 : TICK_MILLIS, COST_SHARE * cost));
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
      reals.values().forEach(HomeStream::close);
      reals.clear();
      if (ticker != null) {
        ticker.shutdownNow();
      }
    }
  }
}
