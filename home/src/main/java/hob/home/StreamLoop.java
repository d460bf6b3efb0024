package hob.home;

import hob.linux.Poller;
import java.lang.foreign.MemorySegment;

/**
 * What the streams of one session share.
 *
 * @param lock held by whoever touches a stream
 * @param buffer of {@link StreamSender#READ} bytes, to be used under the lock
 */
record StreamLoop(Poller poller, Object lock, MemorySegment buffer) {
  private static final System.Logger LOG = System.getLogger(StreamLoop.class.getName());

  /** A callback that takes the lock, and does not let an error end the poller. */
  Poller.Ready guard(Poller.Ready ready) {
    return events -> locked(() -> ready.ready(events));
  }

  /** Runs {@code task} on the poller's thread, under the lock. */
  void later(Runnable task) {
    poller.submit(() -> locked(task));
  }

  private void locked(Runnable task) {
    synchronized (lock) {
      try {
        task.run();
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.WARNING, "a stream failed", e);
      }
    }
  }
}
