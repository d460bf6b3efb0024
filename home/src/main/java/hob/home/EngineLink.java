package hob.home;

/**
 * How an engine reaches the others. The daemon implements it; given to the engine when it is made.
 */
public interface EngineLink {
  /** Name of this host. */
  String self();

  /**
   * Sends in order after all earlier ones to that host; never blocks for long. While {@code peer}
   * is unreachable messages are kept, in order, until it is heard again.
   */
  void send(String peer, EngineMessage message);

  /**
   * The last process of the session ended (or it came to an end at home): the daemon may forget it.
   */
  void sessionEnded(SessionId session);
}
