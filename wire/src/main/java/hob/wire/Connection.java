package hob.wire;

import com.google.protobuf.Message;
import hob.wire.link.OpenLink;
import hob.wire.peer.CloseCause;
import hob.wire.peer.Peer;
import hob.wire.peer.WireException;
import hob.wire.proto.Beat;
import hob.wire.proto.Bye;
import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An ordered connection for messages with one peer.
 *
 * <p>Any thread may send and call; messages arrive in the order in which they were sent, those of
 * one thread in its own order. A sender waits while the peer does not keep up. Replies complete on
 * the reader thread, without a detour.
 */
public final class Connection implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Connection.class.getName());
  private static final int USUAL_BYTES = 16 << 10;
  private static final int MAX_KEPT_BYTES = 4 << 20;
  private static final int LENGTH_BYTES = 4;

  private final OpenLink link;
  private final MessageTypes types;
  private final Handler handler;
  private final int maxBytes;
  private final Consumer<Connection> onClosed;
  private final FrameReader reader;
  private final PendingCalls calls;
  private final Thread readerThread;
  private final CompletableFuture<CloseCause> closed = new CompletableFuture<>();

  /** Set once, by whoever first finds that the connection is to end. */
  private final AtomicReference<@Nullable CloseCause> cause = new AtomicReference<>();

  private final ReentrantLock sendLock = new ReentrantLock();
  // Guarded by sendLock.
  private ByteBuffer sendBuffer = ByteBuffer.allocate(USUAL_BYTES);
  private final ByteBuffer rawHead = ByteBuffer.allocate(LENGTH_BYTES + 1);
  private volatile long sentNanos = System.nanoTime();

  /**
   * Makes a connection; {@link #start} comes next.
   *
   * @param onClosed called by the reader thread, last of all
   */
  Connection(
      OpenLink link,
      MessageTypes types,
      Handler handler,
      int maxBytes,
      String self,
      Consumer<Connection> onClosed) {
    this.onClosed = onClosed;
    this.link = link;
    this.types = types;
    this.handler = handler;
    this.maxBytes = maxBytes;
    this.reader = new FrameReader(link.link(), maxBytes);
    this.calls = new PendingCalls(peer().name());
    this.readerThread =
        Thread.ofPlatform()
            .daemon()
            .name("wire-" + self + "-" + peer().name())
            .unstarted(this::readAll);
  }

  /** Starts reading; once, before anyone else knows of this. */
  void start() {
    readerThread.start();
  }

  /** Who is at the other end. */
  public Peer peer() {
    return link.peer();
  }

  /** Whether this side called the other. */
  public boolean isDialed() {
    return link.dialed();
  }

  /** Whether it is neither closed nor about to be. */
  public boolean isOpen() {
    return cause.get() == null;
  }

  /** How long nothing has been heard of the peer; it says something at least once a beat. */
  public Duration silence() {
    return Duration.ofNanos(System.nanoTime() - reader.heardNanos());
  }

  /** Completes with the cause when the connection is closed and its handler has been told. */
  public CompletableFuture<CloseCause> whenClosed() {
    return closed.copy();
  }

  /**
   * Sends a message that wants no reply; returns when it is on its way.
   *
   * @throws WireException.ConnectionLost if the connection is closed
   * @throws WireException.TooLong if the message exceeds the endpoint's limit; nothing was sent
   */
  public void send(Message message) throws WireException {
    write(Letter.of(0, 0, message));
  }

  /**
   * Sends bytes that are no protobuf message, in order with those that are; the peer's {@link
   * Handler#frame} gets them. Nothing is allocated or copied but by TLS.
   *
   * @param body what remains in it is sent and consumed; any kind of buffer
   * @throws WireException.ConnectionLost if the connection is closed
   * @throws WireException.TooLong if it exceeds the endpoint's limit; nothing was sent
   */
  public void sendFrame(ByteBuffer body) throws WireException {
    int size = 1 + body.remaining();
    if (size > maxBytes) {
      throw new WireException.TooLong("frame", size, maxBytes, "send it in pieces");
    }
    sendLock.lock();
    try {
      if (!isOpen()) {
        throw lost();
      }
      rawHead.clear().putInt(size).put(Handler.FRAME).flip();
      link.link().write(rawHead, body);
      sentNanos = System.nanoTime();
    } catch (IOException e) {
      if (e instanceof WireException wire) {
        throw wire;
      }
      end(new CloseCause.Lost(e), null);
      throw lost();
    } finally {
      sendLock.unlock();
    }
  }

  /**
   * Sends a request and waits for the reply; not for the reader thread.
   *
   * @param replyType what the reply must be
   * @throws WireException.CallTimedOut if none comes in time; one that comes later is dropped
   * @throws WireException.CallFailed if the peer answers with a failure or with another type
   * @throws WireException.ConnectionLost if the connection is or gets closed
   */
  public <T extends Message> T call(Message request, Class<T> replyType, Duration timeout)
      throws WireException, InterruptedException {
    if (Thread.currentThread().equals(readerThread)) {
      throw new IllegalStateException("a call by the thread that has to read its reply");
    }
    CompletableFuture<Message> future = new CompletableFuture<>();
    long id = request(request, future);
    try {
      Message reply = future.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      if (!replyType.isInstance(reply)) {
        throw unexpected(request, reply);
      }
      return replyType.cast(reply);
    } catch (TimeoutException _) {
      throw timedOut(request, timeout);
    } catch (ExecutionException e) {
      throw wireException(e.getCause());
    } finally {
      calls.forget(id);
    }
  }

  /**
   * Sends a request; the future completes on the reader thread, or exceptionally with a {@link
   * WireException} as {@link #call} throws.
   */
  public CompletableFuture<Message> callAsync(Message request, Duration timeout) {
    CompletableFuture<Message> reply = new CompletableFuture<>();
    long id;
    try {
      id = request(request, reply);
    } catch (WireException e) {
      reply.completeExceptionally(e);
      return reply;
    }
    return reply
        .orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS)
        .exceptionallyCompose(e -> {
          calls.forget(id);
          Throwable problem = e instanceof CompletionException ? e.getCause() : e;
          return CompletableFuture.failedFuture(
              problem instanceof TimeoutException ? timedOut(request, timeout) : problem);
        });
  }

  /** Closes the connection and tells the peer why, if it still listens; does not wait for it. */
  public void close(String reason) {
    end(new CloseCause.ClosedHere(reason), reason);
  }

  @Override
  public void close() {
    close("no longer needed");
  }

  /** Looks after the peer and shows it that this side is alive; called by a timer now and then. */
  void beat(Duration beat, Duration maxSilence) {
    if (!isOpen()) {
      // A farewell that the peer does not take must not hold the link open.
      link.link().close();
      return;
    }
    Duration silence = silence();
    if (silence.compareTo(maxSilence) > 0 && !isLocalCaller()) {
      end(new CloseCause.Silent(silence), null);
    } else if (System.nanoTime() - sentNanos >= beat.toNanos() && sendLock.tryLock()) {
      // Whoever holds the lock is saying something at this moment; that does as well.
      sendLock.unlock();
      Thread.ofPlatform().daemon().name("wire-beat").start(this::sendBeat);
    }
  }

  /**
   * The kernel tells when it ends; one that stands stopped, as after ^Z, or that waits for a CPU is
   * not gone.
   */
  private boolean isLocalCaller() {
    return !isDialed() && peer().address() instanceof UnixDomainSocketAddress;
  }

  private void sendBeat() {
    try {
      send(Beat.getDefaultInstance());
    } catch (WireException e) {
      LOG.log(Level.DEBUG, "no beat to " + peer().name(), e);
    }
  }

  private long request(Message request, CompletableFuture<Message> future) throws WireException {
    long id = calls.open(future);
    try {
      write(Letter.of(id, 0, request));
    } catch (WireException e) {
      calls.forget(id);
      throw e;
    }
    return id;
  }

  /** Sends one frame; any thread. */
  void write(Letter letter) throws WireException {
    int size = letter.size();
    if (size > maxBytes) {
      throw new WireException.TooLong(letter.type(), size, maxBytes, "send it as a bulk transfer");
    }
    sendLock.lock();
    try {
      if (!isOpen()) {
        throw lost();
      }
      writeLocked(letter, size);
    } catch (IOException e) {
      if (e instanceof WireException wire) {
        throw wire;
      }
      end(new CloseCause.Lost(e), null);
      throw lost();
    } finally {
      sendLock.unlock();
    }
  }

  private void writeLocked(Letter letter, int size) throws IOException {
    int needed = LENGTH_BYTES + size;
    if (sendBuffer.capacity() < needed) {
      sendBuffer = ByteBuffer.allocate(Math.max(needed, 2 * sendBuffer.capacity()));
    }
    sendBuffer.clear().limit(needed).putInt(size);
    letter.writeTo(sendBuffer);
    link.link().write(sendBuffer.flip());
    sentNanos = System.nanoTime();
    if (sendBuffer.capacity() > MAX_KEPT_BYTES) {
      sendBuffer = ByteBuffer.allocate(USUAL_BYTES);
    }
  }

  private void readAll() {
    try {
      Mishap.in(peer(), () -> handler.opened(this));
      for (ByteBuffer frame = reader.next(); frame != null; frame = reader.next()) {
        if (frame.hasRemaining() && frame.get(frame.position()) == Handler.FRAME) {
          ByteBuffer body = frame.position(frame.position() + 1).slice();
          Mishap.in(peer(), () -> handler.frame(this, body));
          continue;
        }
        Letter letter = Letter.parse(frame, types);
        if (letter.payload() instanceof Bye bye) {
          end(new CloseCause.ClosedThere(bye.getReason()), null);
          break;
        }
        dispatch(letter);
      }
      end(new CloseCause.Lost(new EOFException("the peer hung up without a farewell")), null);
    } catch (WireException e) {
      end(new CloseCause.Misspoken(e), e.getMessage());
    } catch (IOException e) {
      end(new CloseCause.Lost(e), null);
    } finally {
      // An Error must not leave callers waiting.
      end(new CloseCause.Lost(new IllegalStateException("the reader thread failed")), null);
      finish();
    }
  }

  private void dispatch(Letter letter) {
    Message payload = letter.payload();
    if (letter.replyTo() != 0) {
      calls.complete(letter);
    } else if (payload instanceof Beat) {
      return;
    } else if (payload == null) {
      refuse(letter);
    } else if (letter.id() != 0) {
      Reply reply = new Reply(this, letter.id());
      RuntimeException e = Mishap.in(peer(), () -> handler.request(this, payload, reply));
      if (e != null) {
        reply.failIfOpen(e);
      }
    } else {
      Mishap.in(peer(), () -> handler.message(this, payload));
    }
  }

  private void refuse(Letter letter) {
    String what = letter.type() + " is unknown here; install the same version of hob on both hosts";
    LOG.log(Level.WARNING, "from {0}: {1}", peer().name(), what);
    if (letter.id() != 0) {
      new Reply(this, letter.id()).fail(WireException.CallFailed.UNKNOWN_TYPE, what);
    }
  }

  /**
   * Ends the connection, unless that has been done.
   *
   * @param farewell what to tell the peer; null to say nothing
   */
  private void end(CloseCause why, @Nullable String farewell) {
    if (!cause.compareAndSet(null, why)) {
      return;
    }
    // A sender that hangs holds the lock: then there is no farewell.
    if (farewell != null && sendLock.tryLock()) {
      try {
        Letter bye = Letter.of(0, 0, Bye.newBuilder().setReason(farewell).build());
        writeLocked(bye, bye.size());
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "no farewell to " + peer().name(), e);
      } finally {
        sendLock.unlock();
      }
    }
    link.link().close();
  }

  private void finish() {
    calls.failAll(lost());
    CloseCause why = cause();
    Mishap.in(peer(), () -> handler.closed(this, why));
    onClosed.accept(this);
    closed.complete(why);
  }

  /** Why the connection is closed; only when it is. */
  CloseCause cause() {
    CloseCause why = cause.get();
    if (why == null) {
      throw new IllegalStateException("still open");
    }
    return why;
  }

  private WireException lost() {
    return new WireException.ConnectionLost(peer().name(), cause());
  }

  private WireException timedOut(Message request, Duration timeout) {
    return new WireException.CallTimedOut(peer().name(), MessageTypes.nameOf(request), timeout);
  }

  private WireException unexpected(Message request, Message reply) {
    return new WireException.CallFailed(
        peer().name(),
        WireException.CallFailed.UNKNOWN_TYPE,
        "answered %s with %s".formatted(MessageTypes.nameOf(request), MessageTypes.nameOf(reply)));
  }

  private static WireException wireException(@Nullable Throwable t) {
    if (t instanceof WireException e) {
      return e;
    }
    throw new IllegalStateException("a call failed with what is no WireException", t);
  }
}
