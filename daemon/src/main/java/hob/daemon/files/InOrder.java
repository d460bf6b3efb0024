package hob.daemon.files;

import hob.migration.SerialExecutor;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Runs actions in the order in which they were added, each when it is ready. One peer's; any
 * thread.
 */
final class InOrder {
  /** One action that may have to wait. */
  private record Waiting(Runnable action, CompletableFuture<?> ready) {}

  private final SerialExecutor executor;
  // Guarded by this.
  private final Queue<Waiting> queue = new ArrayDeque<>();

  /**
   * An empty line.
   *
   * @param executor for the actions, one at a time
   */
  InOrder(Executor executor) {
    this.executor = new SerialExecutor(executor);
  }

  /** Whether nothing waits, so that who adds an action could as well run it. */
  synchronized boolean isEmpty() {
    return queue.isEmpty();
  }

  /**
   * Adds an action.
   *
   * @param ready when it may run; how it completes does not matter
   */
  void add(Runnable action, CompletableFuture<?> ready) {
    synchronized (this) {
      queue.add(new Waiting(action, ready));
    }
    var _ = ready.whenComplete((_, _) -> executor.execute(this::advance));
  }

  /** By the serial executor alone; an action leaves the queue when it has run. */
  private void advance() {
    while (true) {
      Waiting next;
      synchronized (this) {
        next = queue.peek();
        if (next == null || !next.ready.isDone()) {
          return;
        }
      }
      try {
        next.action.run();
      } finally {
        synchronized (this) {
          queue.remove();
        }
      }
    }
  }
}
