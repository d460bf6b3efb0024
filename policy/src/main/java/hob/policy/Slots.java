package hob.policy;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/** How many jobs of this home each other host takes at a time, and how many it has. */
public final class Slots {
  private final Map<String, Integer> sizes = new TreeMap<>();
  private final Map<String, Integer> taken = new HashMap<>();

  /** No host has any. */
  public Slots() {}

  /** A host takes {@code size} jobs from now on; those that it has stay. */
  public synchronized void size(String host, int size) {
    sizes.put(host, size);
  }

  /** A host takes no more jobs until it has a {@linkplain #size size} again. */
  public synchronized void gone(String host) {
    sizes.remove(host);
  }

  private int free(String host) {
    return sizes.getOrDefault(host, 0) - taken.getOrDefault(host, 0);
  }

  /** Takes a slot of the host with the most free ones; empty when no host has one. */
  public synchronized Optional<String> take(Predicate<String> eligible) {
    String best = "";
    for (String host : sizes.keySet()) {
      if (free(host) > (best.isEmpty() ? 0 : free(best)) && eligible.test(host)) {
        best = host;
      }
    }
    if (best.isEmpty()) {
      return Optional.empty();
    }
    taken.merge(best, 1, Integer::sum);
    return Optional.of(best);
  }

  /** Takes a slot of a host that a user named, free or not. */
  public synchronized void takeOf(String host) {
    taken.merge(host, 1, Integer::sum);
  }

  /** Gives a slot back. */
  public synchronized void give(String host) {
    taken.merge(host, -1, Integer::sum);
  }

  /** Jobs that a host has. */
  public synchronized int taken(String host) {
    return taken.getOrDefault(host, 0);
  }
}
