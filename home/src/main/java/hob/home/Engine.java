package hob.home;

import hob.image.Refusal;
import hob.image.proto.TreeOutline;
import java.io.IOException;
import java.util.List;

/**
 * The kernel side of one host: everything that the migration protocol needs done to processes here.
 *
 * <p>The protocol (module {@code migration}) decides and journals; the engine freezes, captures,
 * rebuilds, parks and watches. Signals, exits and streams of running sessions flow between the
 * engines of two hosts as opaque {@link EngineMessage messages} that the daemon carries on its one
 * ordered connection per pair of hosts.
 *
 * <p>Threads: every method may be called from any thread and blocks until done. Calls about one
 * session are serialised by the engine.
 */
public interface Engine extends AutoCloseable {

  /**
   * All reasons why the tree rooted at {@code pid} cannot move now, without stopping it; empty when
   * it can.
   *
   * @param pid a pid of this host's pid namespace, or of a session's own (a foreign process under
   *     its home pid)
   */
  List<Refusal> check(int pid);

  /**
   * Begins to move a session's tree away from here; its processes run on until {@link
   * Departure#freeze}.
   *
   * @param session a new session (this host is its home and the tree is ordinary), or one that runs
   *     here
   * @param rootPid the home pid of the tree's root
   * @param incarnation the number that this move will give the session; larger than all before
   * @throws MoveRefusedException when something of the tree cannot move
   */
  Departure depart(SessionId session, int rootPid, long incarnation) throws MoveRefusedException;

  /**
   * Stops the tree rooted at {@code rootPid}, which runs here, has its image taken, and lets it run
   * on, whatever became of that.
   *
   * @param session as for {@link #depart}
   * @return for how long it stood still, nanoseconds
   * @throws MoveRefusedException when something of the tree is in no image, or it is moving
   * @throws IOException what the taker threw
   */
  long image(SessionId session, int rootPid, ImageTaker taker)
      throws MoveRefusedException, IOException;

  /**
   * Prepares to receive a session's tree: sandbox and empty processes with the right pids, or, when
   * this host is the session's home, its shadows.
   *
   * @throws MoveRefusedException when this host cannot take it (memory, CPU features, pids)
   */
  Arrival arrive(SessionId session, long incarnation, TreeOutline outline)
      throws MoveRefusedException;

  /**
   * Takes up again what an earlier daemon of this host left: foreign processes that run on,
   * shadows, and trees that stand frozen because nobody told them how a move ended. Called once,
   * before anything else.
   */
  List<Recovered> recover();

  /** What the session's home says of where it is, after a commit, an abort or a reconnection. */
  void located(SessionId session, long incarnation, String host);

  /** The sessions that have processes or shadows here. Weakly consistent. */
  List<SessionView> sessions();

  /**
   * A message from the engine of {@code peer}, in the order in which it was sent. Must not block
   * for long.
   */
  void receive(String peer, EngineMessage message);

  /** The connection to {@code peer} is up again: what was not acknowledged may have been lost. */
  void reconnected(String peer);

  /**
   * Ends the session's processes here, whatever they do (its home said so, or declared it lost).
   */
  void abandon(SessionId session);

  /**
   * A home was not heard for long: its processes here must not run until it is, since it may come
   * to count them as lost. Not called for this host's own.
   */
  default void homeUnheard(String home) {}

  /** A home is heard again after {@link #homeUnheard}: its processes run on. */
  default void homeHeard(String home) {}

  /**
   * The files of a home will never be had here again: its processes that use them end as by
   * SIGKILL. Waits a moment for that. Not called for this host's own.
   */
  default void homeFilesLost(String home) {}

  /** Lets everything run on untraced; shadows and foreign processes stay for the next daemon. */
  @Override
  void close();
}
