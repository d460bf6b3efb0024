package hob.wire.fault;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Faults that a test switches on and off while hosts run in the same JVM.
 *
 * <p>A partition holds back what has been sent, in both directions, and delivers it in order when
 * it heals, as TCP does. All methods may be called by any thread; none blocks.
 */
public final class ControlledFaults implements LinkFaults {
  /** Two hosts, in alphabetical order. */
  private record Pair(String a, String b) {
    static Pair of(String x, String y) {
      return x.compareTo(y) <= 0 ? new Pair(x, y) : new Pair(y, x);
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<Pair> partitioned = new HashSet<>();
  private final Map<Pair, Long> delayNanos = new HashMap<>();
  private final Set<OpenWire> open = new HashSet<>();

  /** Nothing passes between two hosts, and no new connection opens, until {@link #heal}. */
  public void partition(String a, String b) {
    change(() -> partitioned.add(Pair.of(a, b)));
  }

  /** Ends a partition; what was held back arrives now. */
  public void heal(String a, String b) {
    change(() -> partitioned.remove(Pair.of(a, b)));
  }

  /** Each piece of data between two hosts is held for so long; zero ends it. */
  public void delay(String a, String b, Duration delay) {
    change(() -> delayNanos.put(Pair.of(a, b), delay.toNanos()));
  }

  /** Breaks all connections that are open between two hosts now; new ones may open. */
  public void cut(String a, String b) {
    List<OpenWire> doomed;
    lock.lock();
    try {
      doomed = open.stream().filter(w -> w.pair.equals(Pair.of(a, b))).toList();
    } finally {
      lock.unlock();
    }
    doomed.forEach(OpenWire::cut);
  }

  /** Without faults at first. */
  public ControlledFaults() {}

  @Override
  public Wire opened(String self, String peer, Closeable link) throws IOException {
    Pair pair = Pair.of(self, peer);
    lock.lock();
    try {
      if (partitioned.contains(pair)) {
        throw new IOException("injected partition between " + self + " and " + peer);
      }
      OpenWire wire = new OpenWire(pair, link);
      open.add(wire);
      return wire;
    } finally {
      lock.unlock();
    }
  }

  private void change(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private final class OpenWire implements Wire {
    private final Pair pair;
    private final Closeable link;

    OpenWire(Pair pair, Closeable link) {
      this.pair = pair;
      this.link = link;
    }

    void cut() {
      try {
        link.close();
      } catch (IOException _) {
        // It is to break; how it does so is all the same.
      }
    }

    @Override
    public void arrived() throws IOException {
      long start = System.nanoTime();
      lock.lock();
      try {
        for (long left = heldFor(start); left > 0; left = heldFor(start)) {
          changed.awaitNanos(left);
        }
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while data was held back");
      } finally {
        lock.unlock();
      }
    }

    /** How many more nanoseconds what came at {@code start} is to be held. */
    private long heldFor(long start) throws IOException {
      if (!open.contains(this)) {
        throw new IOException("link closed while data was held back");
      }
      return partitioned.contains(pair)
          ? Long.MAX_VALUE
          : start + delayNanos.getOrDefault(pair, 0L) - System.nanoTime();
    }

    @Override
    public void closed() {
      change(() -> open.remove(this));
    }
  }
}
