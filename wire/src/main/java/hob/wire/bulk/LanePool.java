package hob.wire.bulk;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Idle bulk connections by host, the most recently used first. Any number of threads. */
final class LanePool {
  /** Beyond that many a host's idle connections are closed. */
  static final int MAX_IDLE = 4;

  private static final long MAX_IDLE_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by lock.
  private final Map<String, Deque<Lane>> idle = new HashMap<>();
  private boolean closed;

  /** Takes a connection that still works; null if there is none. */
  @Nullable Lane take(String host) {
    for (Lane lane = poll(host); lane != null; lane = poll(host)) {
      if (lane.isUsable()) {
        return lane;
      }
      lane.close();
    }
    return null;
  }

  /** Gives a connection back for others to use. */
  void put(Lane lane) {
    lock.lock();
    try {
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
