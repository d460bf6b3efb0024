package hob.home;

/** What {@link Engine#recover} found, one for each session. */
public sealed interface Recovered {
  /** The session. */
  SessionId session();

  /** The incarnation that the earlier daemon knew. */
  long incarnation();

  /** Foreign processes that run here; the home must confirm that they still should. */
  record Running(SessionId session, long incarnation) implements Recovered {}

  /** Shadows here at home. */
  record Shadows(SessionId session, long incarnation) implements Recovered {}

  /** A source that had sent everything; ask home, then resume or leave. */
  record InDoubtSource(SessionId session, long incarnation, Departure departure)
      implements Recovered {}

  /** A target that was ready; ask home, then resume or destroy. */
  record InDoubtTarget(SessionId session, long incarnation, Arrival arrival) implements Recovered {}
}
