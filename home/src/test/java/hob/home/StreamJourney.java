package hob.home;

import hob.home.proto.StreamEvent;
import hob.image.External;
import hob.image.proto.OpenFile;
import hob.image.proto.StandIn;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.Poller;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A tree's descriptors on a journey: this process is the home's daemon, the foreign hosts' daemons,
 * and the tree. Messages go through one queue each way.
 */
final class StreamJourney implements AutoCloseable {
  private static final int F_GETFL = 3;

  private final Poller poller = new Poller("test-poller");
  private final ExecutorService up = Executors.newSingleThreadExecutor();
  private final ExecutorService down = Executors.newSingleThreadExecutor();
  private final List<SessionStreams> hosts = new ArrayList<>();
  private final AtomicLong bytesSent = new AtomicLong();
  private volatile List<Integer> processes = List.of();
  final SessionStreams home = new SessionStreams(true, poller, this::fromHome);
  private volatile SessionStreams here = home;
  private volatile int waiter;

  private void fromHome(StreamEvent e) {
    SessionStreams to = here;
    down.execute(() -> to.receive(e));
  }

  private SessionStreams newHost() {
    SessionStreams s =
        new SessionStreams(
            false,
            poller,
            e -> {
              bytesSent.addAndGet(e.getData().getBytes().size());
              up.execute(() -> home.receive(e.hasWanted() ? asIfBy(e) : e));
            });
    s.sandbox(() -> processes, "/dev/pts");
    hosts.add(s);
    return s;
  }

  /** Who is looked at for waiting readers. */
  void processes(List<Integer> pids) {
    processes = pids;
  }

  /** All that waits for input does so in the name of this process, which leads its group. */
  void wantedBy(int pid) {
    waiter = pid;
    home.sandbox(() -> List.of(pid), "/dev/pts");
  }

  private StreamEvent asIfBy(StreamEvent e) {
    return waiter == 0
        ? e
        : e.toBuilder().setWanted(e.getWanted().toBuilder().setPid(waiter).setPgid(waiter)).build();
  }

  /** It is known that nobody else reads this pipe, for the next move from home. */
  void alone(Fd reading) {
    home.pipes(new SharedPipes.Found(Set.of(), Set.of(FileStat.of(reading.path()).inode())));
  }

  /** Bytes that foreign hosts sent home. */
  long bytesSent() {
    return bytesSent.get();
  }

  /** Where the tree is. */
  SessionStreams here() {
    return here;
  }

  private List<OpenFile> capture(List<Fd> tree, List<External> externals) {
    List<OpenFile> files = new ArrayList<>();
    for (Fd fd : tree) {
      int flags = (int) fd.fcntl(F_GETFL, 0);
      FileStat stat = FileStat.of(fd.path());
      int id = here.id(stat);
      External e =
          new External(
              id,
              (int) ProcessHandle.current().pid(),
              fd.number(),
              stat.isCharacterDevice() ? (int) stat.deviceNumber() : -1,
              flags & 3);
      externals.add(e);
      StandIn.Builder into = StandIn.newBuilder().setId(id).setTerminal(stat.isCharacterDevice());
      files.add(
          OpenFile.newBuilder()
              .setKind(OpenFile.Kind.STAND_IN)
              .setFlags(flags & ~0100000)
              .setStandIn(here.describe(e, into))
              .build());
    }
    here.flush();
    return files;
  }

  /** Moves the tree, which has {@code tree}, to a new foreign host; what it has there. */
  List<Fd> abroad(List<Fd> tree) {
    return move(tree, newHost());
  }

  /** Moves it home. */
  List<Fd> home(List<Fd> tree) {
    return move(tree, home);
  }

  /** Begins to move it and gives up, after {@code meanwhile}. */
  void abort(List<Fd> tree, Runnable meanwhile) {
    capture(tree, new ArrayList<>());
    meanwhile.run();
    here.resumeHere();
  }

  private List<Fd> move(List<Fd> tree, SessionStreams to) {
    List<External> externals = new ArrayList<>();
    SessionStreams from = here;
    List<OpenFile> image = capture(tree, externals);
    // What the source sent arrives before the image does.
    settle();
    List<Fd> there = image.stream().map(to::open).toList();
    here = to;
    if (from == home) {
      home.take(externals);
    } else {
      from.close();
    }
    Fd.closeAll(tree);
    to.started();
    return there;
  }

  private void settle() {
    try {
      up.submit(() -> {}).get(10, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reads exactly {@code n} bytes or to the end. */
  static byte[] read(Fd from, int n) {
    byte[] all = new byte[n];
    int at = 0;
    while (at < n) {
      if ((from.poll(Poller.IN, 10_000) & (Poller.IN | Poller.HUP)) == 0) {
        throw new IllegalStateException("nothing to read after " + at + " of " + n + " bytes");
      }
      byte[] some = from.readSome(n - at);
      if (some.length == 0) {
        return java.util.Arrays.copyOf(all, at);
      }
      System.arraycopy(some, 0, all, at, some.length);
      at += some.length;
    }
    return all;
  }

  /** Lets others go first. */
  static void yieldFor(long micros) {
    LockSupport.parkNanos(micros * 1000);
  }

  @Override
  public void close() {
    hosts.forEach(SessionStreams::close);
    home.close();
    up.shutdown();
    down.shutdown();
    poller.close();
  }
}
