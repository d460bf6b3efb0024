package hob.testbed;

import java.time.Duration;

/** A point in time, and short pauses until then, for what the kernel gives no event for. */
final class Deadline {
  private static final Duration PAUSE = Duration.ofMillis(5);

  private final long end;

  Deadline(Duration fromNow) {
    end = System.nanoTime() + fromNow.toNanos();
  }

  boolean over() {
    return System.nanoTime() - end >= 0;
  }

  /** Waits a little before the next look. */
  void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TestbedException("interrupted", e);
    }
  }
}
