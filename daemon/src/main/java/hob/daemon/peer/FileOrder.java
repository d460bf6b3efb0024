package hob.daemon.peer;

import hob.home.SessionId;

/**
 * What has to be told of files before messages about processes, so that nobody can know of a change
 * and not see it. Any thread; must not block for long.
 */
public interface FileOrder {
  /** A message about a process is about to be sent to a peer. */
  void ahead(String peer);

  /** A session of this home is about to go to a peer, or may go on there. */
  void offer(String peer, SessionId session);
}
