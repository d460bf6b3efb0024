package hob.wire.bulk;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Bulk connections by host: those that carry a transfer, and idle ones, the most recently used
 * first. Any number of threads.
 */
final class LanePool {
  /** Beyond that many a host's idle connections are closed. */
  static final int MAX_IDLE = 4;

  private static final long MAX_IDLE_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by lock.
  private final Map<String, Deque<Lane>> idle = new HashMap<>();
  private final Set<Lane> busy = new HashSet<>();
  private boolean closed;

  /** Takes a connection that still works; null if there is none. */
  @Nullable Lane take(String host) {
    for (Lane lane = poll(host); lane != null; lane = poll(host)) {
      if (lane.isUsable()) {
        lend(lane);
        return lane;
      }
      lane.close();
    }
    return null;
  }

  /** Learns of a connection that was opened for a transfer. */
  void lend(Lane lane) {
    lock.lock();
    try {
      if (!closed) {
        busy.add(lane);
        return;
      }
    } finally {
      lock.unlock();
    }
    lane.close();
  }

  /** Closes a connection whose transfer has failed. */
  void drop(Lane lane) {
    lock.lock();
    try {
      busy.remove(lane);
    } finally {
      lock.unlock();
    }
    lane.close();
  }

  /** Gives a connection back for others to use. */
  void put(Lane lane) {
    lock.lock();
    try {
      busy.remove(lane);
      Deque<Lane> lanes = idle.computeIfAbsent(lane.host(), _ -> new ArrayDeque<>());
      if (!closed && lanes.size() < MAX_IDLE) {
        lanes.push(lane);
        return;
      }
    } finally {
      lock.unlock();
    }
    lane.close();
  }

  /** How many idle connections to a host there are. */
  int size(String host) {
    lock.lock();
    try {
      return idle.getOrDefault(host, new ArrayDeque<>()).size();
    } finally {
      lock.unlock();
    }
  }

  /** Closes the idle connections to a host. */
  void discard(String host) {
    Deque<Lane> lanes;
    lock.lock();
    try {
      lanes = idle.remove(host);
    } finally {
      lock.unlock();
    }
    if (lanes != null) {
      lanes.forEach(Lane::close);
    }
  }

  /** Closes what has been idle for long; called by a timer. */
  void expire() {
    long now = System.nanoTime();
    List<Lane> old = new ArrayList<>();
    lock.lock();
    try {
      for (Deque<Lane> lanes : idle.values()) {
        lanes.removeIf(lane -> now - lane.idleSinceNanos() > MAX_IDLE_NANOS && old.add(lane));
      }
    } finally {
      lock.unlock();
    }
    old.forEach(Lane::close);
  }

  /** Closes those whose receiver has taken nothing for so long; called by a timer. */
  void closeStalled(long limitNanos) {
    busy(_ -> true).forEach(lane -> lane.closeIfStalled(limitNanos));
  }

  /** Closes all connections to a host, whatever they carry. */
  void closeAll(String host) {
    discard(host);
    busy(lane -> lane.host().equals(host)).forEach(Lane::close);
  }

  void close() {
    List<String> hosts;
    lock.lock();
    try {
      closed = true;
      hosts = List.copyOf(idle.keySet());
    } finally {
      lock.unlock();
    }
    hosts.forEach(this::discard);
    busy(_ -> true).forEach(Lane::close);
  }

  private List<Lane> busy(Predicate<Lane> which) {
    lock.lock();
    try {
      return busy.stream().filter(which).toList();
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Lane poll(String host) {
    lock.lock();
    try {
      Deque<Lane> lanes = idle.get(host);
      return lanes == null ? null : lanes.poll();
    } finally {
      lock.unlock();
    }
  }
}
