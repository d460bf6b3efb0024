package hob.daemon.peer;

import hob.wire.Connection;
import hob.wire.peer.WireException;
import hob.wire.proto.ClockReply;
import hob.wire.proto.ClockRequest;
import java.time.Duration;

/**
 * How a peer's monotonic clock relates to this host's (Cristian, Probabilistic clock
 * synchronization, 1989): the shortest of several round trips errs by at most half of itself.
 *
 * @param offsetNanos what to take off the peer's time
 * @param roundTripNanos of the best try
 */
record Clock(long offsetNanos, long roundTripNanos) {
  private static final int TRIES = 8;
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  /** Asks the peer; not for a reader thread. */
  static Clock measure(Connection connection) throws WireException, InterruptedException {
    Clock best = new Clock(0, Long.MAX_VALUE);
    for (int i = 0; i < TRIES; i++) {
      long sent = System.nanoTime();
      ClockReply reply =
          connection.call(ClockRequest.getDefaultInstance(), ClockReply.class, PATIENCE);
      long roundTrip = System.nanoTime() - sent;
      if (roundTrip < best.roundTripNanos) {
        best = new Clock(reply.getNanos() - sent - roundTrip / 2, roundTrip);
      }
    }
    // Hosts on one machine share the clock: what is within the error is no difference.
    return Math.abs(best.offsetNanos) <= best.roundTripNanos
        ? new Clock(0, best.roundTripNanos)
        : best;
  }
}
