package hob.wire;

import com.google.protobuf.Message;
import hob.wire.peer.CloseCause;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Lets a handler block: its methods run on an executor instead of the reader thread.
 *
 * <p>Messages without a reply are handled one at a time, in order. A request starts when all
 * messages that were sent before it have been handled, and then runs beside everything else. So
 * what a peer sends ahead of a request (an invalidation, say) has taken effect when the request is
 * looked at.
 *
 * <p>For one connection: make a new one for each. What waits is kept without a limit, so a handler
 * of messages must keep up.
 */
public final class OrderedHandler implements Handler {
  private final Handler handler;
  private final Executor executor;

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by lock.
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private boolean busy;

  /**
   * Wraps a handler.
   *
   * @param executor of platform threads, as many as requests may run at a time; it must not reject
   */
  public OrderedHandler(Handler handler, Executor executor) {
    this.handler = handler;
    this.executor = executor;
  }

  @Override
  public void opened(Connection connection) {
    inOrder(connection, () -> handler.opened(connection));
  }

  @Override
  public void message(Connection connection, Message message) {
    inOrder(connection, () -> handler.message(connection, message));
  }

  @Override
  public void request(Connection connection, Message request, Reply reply) {
    Runnable work = () -> answer(connection, request, reply);
    lock.lock();
    try {
      if (busy) {
        waiting.add(() -> executor.execute(work));
        return;
      }
    } finally {
      lock.unlock();
    }
    // Nothing is ahead of it: one hop less.
    executor.execute(work);
  }

  @Override
  public void frame(Connection connection, ByteBuffer body) {
    handler.frame(connection, body);
  }

  @Override
  public void closed(Connection connection, CloseCause cause) {
    inOrder(connection, () -> handler.closed(connection, cause));
  }

  private void answer(Connection connection, Message request, Reply reply) {
    RuntimeException e =
        Mishap.in(connection.peer(), () -> handler.request(connection, request, reply));
    if (e != null) {
      reply.failIfOpen(e);
    }
  }

  private void inOrder(Connection connection, Runnable work) {
    lock.lock();
    try {
      waiting.add(() -> Mishap.in(connection.peer(), work));
      if (busy) {
        return;
      }
      busy = true;
    } finally {
      lock.unlock();
    }
    executor.execute(this::drain);
  }

  private void drain() {
    for (Runnable work = take(); work != null; work = take()) {
      work.run();
    }
  }

  private @Nullable Runnable take() {
    lock.lock();
    try {
      Runnable work = waiting.poll();
      busy = work != null;
      return work;
    } finally {
      lock.unlock();
    }
  }
}
