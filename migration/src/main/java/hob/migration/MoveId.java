package hob.migration;

import hob.home.SessionId;

/**
 * Names one move for ever.
 *
 * @param session what moves
 * @param incarnation the number that the move gives the session; the home never uses one twice
 */
public record MoveId(SessionId session, long incarnation) {
  /** The host that decides about this move. */
  public String home() {
    return session.home();
  }

  @Override
  public String toString() {
    return session + "/" + incarnation;
  }
}
