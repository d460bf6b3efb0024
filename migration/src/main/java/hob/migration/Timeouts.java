package hob.migration;

import java.time.Duration;

/**
 * How long the steps of a move may take. A move that is late before its commit is called off.
 *
 * @param reach to connect to a host
 * @param depart for a source to look a tree over
 * @param prepare for a target to make ready
 * @param stall for a transfer to make no progress at all
 * @param again between repeated orders and questions; doubles up to a minute
 * @param patience how long a caller waits for what follows the decision
 */
public record Timeouts(
    Duration reach,
    Duration depart,
    Duration prepare,
    Duration stall,
    Duration again,
    Duration patience) {
  /** A transfer slower than this is called off even if it makes progress. */
  private static final long LEAST_BYTES_PER_SECOND = 1 << 20;

  /** What suits a local network. */
  public static Timeouts standard() {
    return new Timeouts(
        Duration.ofSeconds(5),
        Duration.ofSeconds(30),
        Duration.ofSeconds(30),
        Duration.ofSeconds(5),
        Duration.ofSeconds(2),
        Duration.ofSeconds(10));
  }

  /** For a transfer of about so many bytes. */
  public Duration transfer(long residentBytes) {
    return prepare.plusSeconds(residentBytes / LEAST_BYTES_PER_SECOND);
  }
}
