package hob.daemon.peer;

import com.google.protobuf.Message;
import hob.wire.Connection;
import hob.wire.Endpoint;
import hob.wire.Handler;
import hob.wire.Reply;
import hob.wire.peer.CloseCause;
import hob.wire.peer.WireException;
import hob.wire.proto.StreamAck;
import hob.wire.proto.StreamItem;
import hob.wire.proto.StreamOpen;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The stream to one peer and back, over whatever connection there is. Any thread.
 *
 * <p>Nobody who sends waits for the peer, least of all the thread that reads what the peer sends:
 * two peers of which each waits until the other reads would wait for ever. While less is under way
 * than the kernel's buffers take in any case, the sender's thread writes; beyond that a thread of
 * this link does.
 */
public final class PeerLink implements Handler {
  private static final System.Logger LOG = System.getLogger(PeerLink.class.getName());
  private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** The host with the larger name lets the other one call first. */
  private static final long COURTESY_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  /** So much fits into the kernel's buffers though the peer does not read. */
  private static final long AT_ONCE_BYTES = 16 << 10;

  private static final Duration STALE = Duration.ofSeconds(3);

  private final String self;
  private final String name;
  private final @Nullable InetSocketAddress address;
  private final Endpoint endpoint;
  private final PeerListener listener;

  /**
   * Held while an item is acted upon, so that the reader of a new connection does not ask for what
   * that of the old one is just doing. Taken before {@link #lock}.
   */
  private final ReentrantLock acting = new ReentrantLock();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Condition mustWrite = lock.newCondition();

  // Guarded by lock.
  private final Backlog backlog = new Backlog();

  /** For the current connection, in order, when that may block. */
  private final ArrayDeque<Message> outbox = new ArrayDeque<>();

  private @Nullable Thread writer;
  private boolean writing;
  private @Nullable Connection current;
  private boolean open;
  private boolean wanted;
  private boolean closed;
  private long heardIncarnation;
  private long confirmed;
  private long sinceNanos = System.nanoTime();
  private String problem = "not connected yet";

  /** Written under {@link #acting}. */
  private volatile long received;

  PeerLink(
      String self,
      String name,
      @Nullable InetSocketAddress address,
      Endpoint endpoint,
      PeerListener listener) {
    this.self = self;
    this.name = name;
    this.address = address;
    this.endpoint = endpoint;
    this.listener = listener;
  }

  /** The peer's name. */
  public String name() {
    return name;
  }

  /** Where it listens; empty when it is only known because it called. */
  public Optional<InetSocketAddress> address() {
    return Optional.ofNullable(address);
  }

  /** Begins to call, and calls again whenever the connection is lost. */
  void start() {
    if (address != null) {
      InetSocketAddress to = address;
      Thread.ofPlatform().daemon().name("dial-" + name).start(() -> dial(to));
    }
  }

  // ------------------------------------------------------------------ sending

  /** Sends after everything that was sent before; waits in line while the peer is away. */
  void send(StreamItem.Builder item) {
    lock.lock();
    try {
      StreamItem numbered = backlog.add(item.setReceivedSeq(received));
      Connection c = current;
      if (open && c != null) {
        confirmed = numbered.getReceivedSeq();
        post(c, numbered);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Writes now or has it written, without waiting for the peer. Under the lock. */
  private void post(Connection c, Message message) {
    if (!isCongested()) {
      write(c, message);
      return;
    }
    outbox.add(message);
    mustWrite.signal();
    if (writer == null) {
      writer = Thread.ofPlatform().daemon().name("send-" + name).start(this::writeAll);
    }
  }

  private boolean isCongested() {
    return writing || !outbox.isEmpty() || backlog.bytes() > AT_ONCE_BYTES;
  }

  /** Whether a thread that writes to the connection itself might have to wait for the peer. */
  boolean congested() {
    lock.lock();
    try {
      return isCongested();
    } finally {
      lock.unlock();
    }
  }

  private void writeAll() {
    lock.lock();
    try {
      while (!closed) {
        Connection c = current;
        Message next = c == null ? null : outbox.poll();
        if (c == null || next == null) {
          mustWrite.await();
        } else {
          writeUnlocked(c, next);
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private void writeUnlocked(Connection c, Message message) {
    writing = true;
    lock.unlock();
    try {
      write(c, message);
    } finally {
      lock.lock();
      writing = false;
    }
  }

  private void write(Connection c, Message message) {
    try {
      c.send(message);
    } catch (WireException e) {
      // It is in the backlog; the connection's end is reported by its reader.
      LOG.log(System.Logger.Level.DEBUG, "to " + name, e);
    }
  }

  /** Confirms what came in, unless something that was sent did so already; called now and then. */
  void confirm() {
    lock.lock();
    try {
      Connection c = current;
      if (open && c != null && confirmed != received) {
        confirmed = received;
        post(c, StreamAck.newBuilder().setReceivedSeq(received).build());
      }
    } finally {
      lock.unlock();
    }
  }

  /** The connection, when there is one. */
  public Optional<Connection> connection() {
    lock.lock();
    try {
      return open ? Optional.ofNullable(current) : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** Since when it is as it is, in {@code System.nanoTime()}. */
  public long sinceNanos() {
    lock.lock();
    try {
      return sinceNanos;
    } finally {
      lock.unlock();
    }
  }

  /** Why it is not connected; empty when it is. */
  public String problem() {
    lock.lock();
    try {
      return open ? "" : problem;
    } finally {
      lock.unlock();
    }
  }

  /** Calls now if there is no connection, and waits a little for one; then as {@link #problem}. */
  String reach(Duration within) {
    lock.lock();
    try {
      long left = within.toNanos();
      wanted = true;
      changed.signalAll();
      while (!open && left > 0) {
        left = changed.awaitNanos(left);
      }
      return open ? "" : problem;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return "interrupted";
    } finally {
      wanted = false;
      lock.unlock();
    }
  }

  // ------------------------------------------------------------------ calling

  private void dial(InetSocketAddress to) {
    long pause = self.compareTo(name) < 0 ? 0 : COURTESY_NANOS;
    while (awaitNeed(pause)) {
      pause = FIRST_PAUSE_NANOS;
      try {
        endpoint.connect(to, name, this);
        awaitOpen();
      } catch (WireException e) {
        pause = failed(e.getMessage());
      } catch (OutOfMemoryError e) {
        // What the JVM says when the host is out of pids: they may come back.
        pause = failed("this host is out of pids or memory: " + e.getMessage());
      }
    }
  }

  /** Waits until there is no connection, and then for the pause; false when all is over. */
  private boolean awaitNeed(long pauseNanos) {
    lock.lock();
    try {
      long left = Math.max(pauseNanos, 0);
      while (!closed) {
        if (current != null) {
          changed.await();
        } else if (left > 0 && !wanted) {
          left = changed.awaitNanos(left);
        } else {
          return true;
        }
      }
      return false;
    } catch (InterruptedException _) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** The reader of a new connection reports it; until then there is no reason to call again. */
  private void awaitOpen() {
    lock.lock();
    try {
      long left = STALE.toNanos();
      while (current == null && !closed && left > 0) {
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private long failed(String why) {
    lock.lock();
    try {
      if (!problem.equals(why)) {
        LOG.log(System.Logger.Level.INFO, "{0}: {1}", name, why);
      }
      problem = why;
      long down = System.nanoTime() - sinceNanos;
      return Math.clamp(down / 4, FIRST_PAUSE_NANOS, LONGEST_PAUSE_NANOS);
    } finally {
      lock.unlock();
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
      mustWrite.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // ------------------------------------------------------------------ a connection's reader thread

  @Override
  public void opened(Connection connection) {
    Connection loser;
    acting.lock();
    lock.lock();
    try {
      loser = current == null ? null : loser(current, connection);
      if (loser != connection) {
        current = connection;
        open = false;
        outbox.clear();
        StreamOpen.Builder hello = StreamOpen.newBuilder();
        if (heardIncarnation == connection.peer().info().incarnation()) {
          hello.setHeardIncarnation(heardIncarnation).setReceivedSeq(received);
        }
        write(connection, hello.build());
        changed.signalAll();
      }
    } finally {
      lock.unlock();
      acting.unlock();
    }
    if (loser != null) {
      loser.close("there is another connection");
    }
  }

  /** Both sides come to the same result. */
  private Connection loser(Connection old, Connection fresh) {
    boolean oldIsDead =
        !old.isOpen()
            || old.peer().info().incarnation() != fresh.peer().info().incarnation()
            || old.silence().compareTo(STALE) > 0;
    if (oldIsDead || old.isDialed() == fresh.isDialed()) {
      return old;
    }
    boolean selfIsSmaller = self.compareTo(name) < 0;
    return fresh.isDialed() == selfIsSmaller ? old : fresh;
  }

  @Override
  public void message(Connection connection, Message message) {
    switch (message) {
      case StreamItem item -> {
        acting.lock();
        try {
          act(connection, item);
        } finally {
          acting.unlock();
        }
      }
      case StreamAck ack -> {
        lock.lock();
        try {
          backlog.confirm(ack.getReceivedSeq());
        } finally {
          lock.unlock();
        }
      }
      case StreamOpen hello -> greeted(connection, hello);
      default -> LOG.log(System.Logger.Level.WARNING, "{0} sent {1}", name, message.getClass());
    }
  }

  private void act(Connection connection, StreamItem item) {
    lock.lock();
    try {
      if (connection != current) {
        return;
      }
      backlog.confirm(item.getReceivedSeq());
    } finally {
      lock.unlock();
    }
    if (item.getSeq() > received) {
      try {
        listener.item(name, item);
      } finally {
        // What a handler cannot digest it could not digest the second time either.
        received = item.getSeq();
      }
    }
  }

  private void greeted(Connection connection, StreamOpen hello) {
    boolean newDaemon;
    acting.lock();
    lock.lock();
    try {
      if (connection != current) {
        return;
      }
      long incarnation = connection.peer().info().incarnation();
      newDaemon = incarnation != heardIncarnation;
      if (newDaemon) {
        heardIncarnation = incarnation;
        received = 0;
        confirmed = 0;
      }
      if (hello.getHeardIncarnation() == endpoint.self().incarnation()) {
        backlog.confirm(hello.getReceivedSeq());
      }
      outbox.clear();
      backlog.all().forEach(item -> post(connection, item));
      open = true;
      sinceNanos = System.nanoTime();
      changed.signalAll();
    } finally {
      lock.unlock();
      acting.unlock();
    }
    LOG.log(System.Logger.Level.INFO, "{0} is up{1}", name, newDaemon ? ", a new daemon" : "");
    listener.up(name, newDaemon);
  }

  @Override
  public void request(Connection connection, Message request, Reply reply) {
    listener.request(name, request, reply);
  }

  @Override
  public void closed(Connection connection, CloseCause cause) {
    boolean wasOpen;
    lock.lock();
    try {
      if (connection != current) {
        return;
      }
      wasOpen = open;
      current = null;
      open = false;
      outbox.clear();
      problem = "connection " + cause.describe();
      if (wasOpen) {
        sinceNanos = System.nanoTime();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (wasOpen) {
      LOG.log(System.Logger.Level.INFO, "{0} is down: {1}", name, cause.describe());
      listener.down(name, cause.describe());
    }
  }
}
