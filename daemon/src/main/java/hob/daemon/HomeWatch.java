package hob.daemon;

import hob.daemon.peer.PeerLink;
import hob.daemon.peer.Peers;
import hob.home.Engine;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Freezes the foreign processes here whose home has not been heard for long, and lets them run on
 * when it is heard again.
 *
 * <p>The home cannot know whether a host that it does not hear runs a process; frozen, it does no
 * more harm. Only the home itself ends them.
 */
final class HomeWatch {
  private static final System.Logger LOG = System.getLogger(HomeWatch.class.getName());

  private final String self;
  private final Engine engine;
  private final Peers peers;
  private final Duration lostAfter;
  // Guarded by this.
  private final Set<String> unheard = new HashSet<>();

  HomeWatch(String self, Engine engine, Peers peers, Duration lostAfter) {
    this.self = self;
    this.engine = engine;
    this.peers = peers;
    this.lostAfter = lostAfter;
  }

  /** Looks at all homes; called now and then, and when a peer comes up. Blocks. */
  synchronized void look() {
    Set<String> homes =
        engine.sessions().stream()
            .filter(s -> s.here() && !s.session().home().equals(self))
            .map(s -> s.session().home())
            .collect(Collectors.toCollection(HashSet::new));
    homes.addAll(unheard);
    for (String home : homes) {
      boolean heard = peers.find(home).flatMap(PeerLink::connection).isPresent();
      if (heard && unheard.remove(home)) {
        LOG.log(System.Logger.Level.INFO, "{0} is heard again: its processes run on", home);
        engine.homeHeard(home);
      } else if (!heard && isLate(home) && unheard.add(home)) {
        LOG.log(
            System.Logger.Level.WARNING,
            "{0} was not heard for {1} s: its processes here are frozen until it is",
            home,
            lostAfter.toSeconds());
        engine.homeUnheard(home);
      }
    }
  }

  private boolean isLate(String home) {
    return peers
        .find(home)
        .map(p -> System.nanoTime() - p.sinceNanos() > lostAfter.toNanos())
        .orElse(true);
  }
}
