package hob.daemon.net;

import hob.wire.Connection;
import hob.wire.peer.WireException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What goes to one host: a queue of bounded length, and a thread that writes it. Any thread. */
final class PacketLink implements AutoCloseable {
  /** Length of the length before each packet. */
  static final int LENGTH = 4;

  private static final System.Logger LOG = System.getLogger(PacketLink.class.getName());
  private static final int MOST_BYTES = 8 << 20;
  private static final int BATCH_BYTES = 128 << 10;
  private static final long PAUSE_MILLIS = 200;

  /** Makes a connection. */
  interface Dialer {
    Connection dial() throws WireException;
  }

  private final String peer;
  private final Dialer dialer;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition some = lock.newCondition();
  // Guarded by lock.
  private final ArrayDeque<ByteBuffer> queue = new ArrayDeque<>();
  private int queued;
  private boolean closed;
  private @Nullable Thread writer;

  PacketLink(String peer, Dialer dialer) {
    this.peer = peer;
    this.dialer = dialer;
  }

  void send(ByteBuffer frame) {
    lock.lock();
    try {
      if (closed || queued + frame.remaining() > MOST_BYTES) {
        return;
      }
      queue.add(frame);
      queued += frame.remaining();
      some.signal();
      if (writer == null) {
        writer = Thread.ofPlatform().daemon().name("packets-" + peer).start(this::writeAll);
      }
    } finally {
      lock.unlock();
    }
  }

  private void writeAll() {
    ByteBuffer batch = ByteBuffer.allocate(BATCH_BYTES);
    Connection connection = null;
    try {
      while (take(batch.clear())) {
        batch.flip();
        try {
          if (connection == null || !connection.isOpen()) {
            connection = dialer.dial();
          }
          connection.sendFrame(batch);
        } catch (WireException e) {
          LOG.log(System.Logger.Level.DEBUG, "packets to {0} are lost: {1}", peer, e.getMessage());
          TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    if (connection != null) {
      connection.close();
    }
  }

  /** Waits for packets, and takes as many as fit; false at the end. */
  private boolean take(ByteBuffer batch) throws InterruptedException {
    lock.lock();
    try {
      while (queue.isEmpty() && !closed) {
        some.await();
      }
      for (ByteBuffer next = queue.peek();
          next != null && batch.remaining() >= LENGTH + next.remaining();
          next = queue.peek()) {
        queue.remove();
        queued -= next.remaining();
        batch.putInt(next.remaining()).put(next);
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      some.signal();
    } finally {
      lock.unlock();
    }
  }
}
