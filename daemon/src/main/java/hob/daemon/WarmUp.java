package hob.daemon;

import hob.home.Capacity;
import hob.home.EngineLink;
import hob.home.EngineMessage;
import hob.home.HomeFiles;
import hob.home.ImageTaker;
import hob.home.KernelEngine;
import hob.home.MoveRefusedException;
import hob.home.SessionId;
import hob.image.Pages;
import hob.image.format.TreeImages;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.migration.Migration;
import hob.migration.SerialExecutor;
import hob.migration.Timeouts;
import hob.migration.Wires;
import hob.migration.fault.Faults;
import hob.migration.home.Outcome;
import hob.migration.journal.Journal;
import hob.migration.message.Codec;
import hob.migration.message.Message;
import hob.wire.Endpoint;
import hob.wire.bulk.BulkReceiver;
import hob.wire.bulk.BulkSender;
import hob.wire.bulk.TransferToken;
import hob.wire.peer.WireException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Moves a sleeping process there and back between two hosts that exist only in this daemon, so that
 * the code is compiled before the first real move: cold, a freeze takes a hundred times as long.
 *
 * <p>All is real but the messages' way: engine, protocol, journal, and TLS for the bytes.
 */
final class WarmUp {
  private static final System.Logger LOG = System.getLogger(WarmUp.class.getName());
  private static final String HOME = "warm-up-1";
  private static final String AWAY = "warm-up-2";

  /** It sleeps, and ends by itself should this daemon not come to end it. */
  private static final String SLEEPER = "sleep 300 </dev/null >/dev/null 2>&1 & echo $!";

  /** It rests so many times as long as it has worked. */
  private static final int RESTS = 3;

  /** Of an image, in each round trip: they take as long as one move. */
  private static final int PARSES = 20;

  /** Of a process, in each round trip. */
  private static final int CHECKS = 5;

  /** After so many round trips it says how far it is. */
  private static final int TOLD = 100;

  private static final Duration ENDS = Duration.ofSeconds(8);

  private final Endpoint endpoint;
  private final String self;
  private final SocketAddress address;
  private final Path directory;
  private final ExecutorService executor;
  private final ScheduledExecutorService timer;
  private byte @Nullable [] image;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);

  /**
   * Prepares.
   *
   * @param address where {@code endpoint} listens for bulk transfers
   * @param directory for its files; removed in the end
   */
  WarmUp(
      Endpoint endpoint,
      SocketAddress address,
      Path directory,
      ExecutorService executor,
      ScheduledExecutorService timer) {
    this.endpoint = endpoint;
    this.self = endpoint.self().name();
    this.address = address;
    this.directory = directory;
    this.executor = executor;
    this.timer = timer;
  }

  /**
   * Moves to and fro, without a rest until the time is up, then with rests as long as there is
   * nothing else to do. What goes wrong is logged: nobody needs this.
   *
   * @param quick the first part
   * @param ready is called after it
   * @param all of it, with the rests
   * @param idle whether there is nothing else to do
   */
  void run(Part quick, Runnable ready, Part all, BooleanSupplier idle) {
    long begin = System.nanoTime();
    int done = 0;
    int pid = 0;
    try {
      forget();
    } catch (IOException | IllegalArgumentException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot tell what the last warm-up has left", e);
    }
    try (Half home = new Half(HOME);
        Half away = new Half(AWAY)) {
      home.other = away;
      away.other = home;
      pid = sleeper();
      SessionId session =
          new SessionId(HOME, pid, ProcFs.stat("/proc/" + pid + "/stat").startTime());
      Files.writeString(note(), session.toString());
      do {
        if (stop.getCount() == 0) {
          return;
        }
        roundTrip(home, session, ++done, begin);
        exercise(home, session);
      } while (quick.wants(done, begin));
      ready.run();
      long rest = 0;
      while (all.wants(done, begin)
          && !stop.await(rest, TimeUnit.NANOSECONDS)
          && idle.getAsBoolean()) {
        long began = System.nanoTime();
        roundTrip(home, session, ++done, begin);
        exercise(home, session);
        rest = RESTS * (System.nanoTime() - began);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (IOException
        | RuntimeException
        | ExecutionException
        | TimeoutException
        | MoveRefusedException e) {
      LOG.log(System.Logger.Level.WARNING, "warm-up ended after " + done + " round trips", e);
    } finally {
      kill(pid);
      clean();
      ready.run();
      stopped.countDown();
    }
  }

  private static void roundTrip(Half home, SessionId session, int number, long begin)
      throws InterruptedException, ExecutionException, TimeoutException, IOException {
    move(home, session, AWAY);
    long freeze = move(home, session, HOME);
    if (number % TOLD == 0) {
      LOG.log(
          System.Logger.Level.INFO,
          "warm after {0} round trips in {1} ms; the last freeze took {2} us",
          number,
          (System.nanoTime() - begin) / 1_000_000,
          freeze / 1_000);
    }
  }

  /**
   * What a move does once, many times: so the compiler finds in minutes what it would find in
   * thousands of moves.
   */
  private void exercise(Half home, SessionId session) throws MoveRefusedException, IOException {
    byte[] bytes = image;
    if (bytes == null) {
      TreeImage[] taken = new TreeImage[1];
      home.engine.image(
          session,
          session.pid(),
          new ImageTaker() {
            @Override
            public void permit(List<Integer> hostPids) {}

            @Override
            public void take(TreeOutline outline, TreeImage tree, Pages pages) {
              taken[0] = tree;
            }
          });
      bytes = taken[0].toByteArray();
      image = bytes;
    }
    for (int i = 0; i < PARSES; i++) {
      bytes = TreeImages.parse(bytes).toByteArray();
    }
    for (int i = 0; i < CHECKS; i++) {
      var _ = home.engine.check(session.pid());
    }
  }

  /** Ends what a daemon that was killed meanwhile has left: abroad it left nothing. */
  private void forget() throws IOException {
    if (!Files.exists(note())) {
      return;
    }
    SessionId left = SessionId.parse(Files.readString(note()));
    try {
      if (ProcFs.stat("/proc/" + left.pid() + "/stat").startTime() == left.startTicks()) {
        kill(left.pid());
      }
    } catch (LinuxException _) {
      // ENOENT, ESRCH: it has ended.
    }
    clean();
  }

  /** A file that tells the next daemon of the sleeping process. */
  private Path note() {
    return directory.resolve("sleeper");
  }

  /** Ends it between two moves, and waits until it has ended; any thread. */
  void stop() throws InterruptedException {
    stop.countDown();
    var _ = stopped.await(ENDS.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * How much.
   *
   * @param rounds at most
   */
  record Part(int rounds, Duration time) {
    boolean wants(int done, long begin) {
      return done < rounds && System.nanoTime() - begin < time.toNanos();
    }
  }

  private static long move(Half home, SessionId session, String to)
      throws InterruptedException, ExecutionException, TimeoutException, IOException {
    Outcome outcome =
        home.migration.move(session, session.pid(), to, "eager", false).get(60, TimeUnit.SECONDS);
    if (outcome instanceof Outcome.Moved moved) {
      return moved.freezeNanos();
    }
    throw new IOException("it did not move to " + to + ": " + outcome);
  }

  /** No child of this daemon: the JDK would wait for it. */
  private static int sleeper() throws IOException, InterruptedException {
    Process shell = new ProcessBuilder("/bin/sh", "-c", SLEEPER).start();
    String pid =
        new String(shell.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
    shell.waitFor();
    return Integer.parseInt(pid);
  }

  private static void kill(int pid) {
    ProcessHandle.of(pid).filter(p -> pid > 0).ifPresent(ProcessHandle::destroyForcibly);
  }

  private void clean() {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot remove " + directory, e);
    }
  }

  /** One of the two hosts. */
  private final class Half implements Wires, EngineLink, AutoCloseable {
    private final String name;
    private final Journal journal;
    private final KernelEngine engine;
    private final Migration migration;
    private final SerialExecutor inbox = new SerialExecutor(executor);

    /** Set before the first move. */
    private @Nullable Half other;

    Half(String name) throws IOException {
      this.name = name;
      Files.createDirectories(directory.resolve(name));
      journal = Journal.open(directory.resolve(name).resolve("journal"), "warm-up");
      engine =
          new KernelEngine(
              this,
              directory.resolve(name).resolve("sessions"),
              Capacity.all().mortal(),
              HomeFiles.SHARED);
      migration =
          new Migration(
              engine,
              this,
              journal,
              Timeouts.standard(),
              Faults.NONE,
              executor,
              timer,
              System.Logger.Level.DEBUG);
    }

    private Half other() {
      Half o = other;
      if (o == null) {
        throw new IllegalStateException("alone");
      }
      return o;
    }

    @Override
    public String self() {
      return name;
    }

    @Override
    public void send(String host, Message message) {
      var encoded = Codec.encode(message);
      Half to = other();
      to.inbox.execute(() -> to.migration.hear(name, Codec.decode(encoded)));
    }

    @Override
    public void send(String peer, EngineMessage message) {
      Half to = other();
      to.inbox.execute(() -> to.engine.receive(name, message));
    }

    @Override
    public void sessionEnded(SessionId session) {
      migration.ended(session);
    }

    @Override
    public String reach(String host) {
      return "";
    }

    @Override
    public void warmBulk(String host) throws WireException {
      endpoint.bulk().warm(address, WarmUp.this.self, 1);
    }

    @Override
    public BulkSender openBulk(String host, TransferToken token, long total, ByteBuffer metadata)
        throws WireException {
      return endpoint.bulk().open(address, WarmUp.this.self, token, total, metadata, 1);
    }

    @Override
    public BulkReceiver expectBulk(String host, TransferToken token) {
      return endpoint.bulk().expect(token, WarmUp.this.self);
    }

    @Override
    public long toLocalNanos(String host, long nanos) {
      return nanos;
    }

    @Override
    public void close() throws IOException {
      engine.close();
      journal.close();
    }
  }
}
