package hob.home;

import hob.image.proto.TreeOutline;
import java.lang.foreign.MemorySegment;

/**
 * A tree on its way out, at its source. Exactly one of {@link #resume}, {@link #leave} ends it;
 * {@link #close} without either resumes.
 *
 * <p>If the daemon dies before {@link #holdInDoubt} the tree runs on by itself; after it, the tree
 * stands stopped until a new daemon {@linkplain Engine#recover takes it up}.
 */
public interface Departure extends AutoCloseable {

  /** What the target needs to know to get ready: pids, parents, sizes, CPU features. */
  TreeOutline outline();

  /**
   * Stops every thread of the tree and encapsulates its state.
   *
   * @return the image without page contents, serialised {@link hob.image.proto.TreeImage}
   * @throws MoveRefusedException when the tree now has what it had not at the check; it runs on
   */
  byte[] freeze() throws MoveRefusedException;

  /** {@code System.nanoTime()} of the freeze. */
  long frozenAtNanos();

  /**
   * Bytes of page contents, the length of the linear page space that the image's page runs
   * describe.
   */
  long pageBytes();

  /**
   * Reads page contents. Any thread, several at once.
   *
   * @param offset into the linear page space, bytes
   * @param into filled completely
   */
  void read(long offset, MemorySegment into);

  /**
   * From now on the tree stays stopped even if this daemon dies. Called before the last byte is
   * sent.
   */
  void holdInDoubt();

  /** The move failed: the tree runs on here as if nothing had happened. */
  void resume();

  /**
   * The move is committed: at home the processes become shadows, abroad they are destroyed.
   *
   * @param target the host that runs the tree now
   */
  void leave(String target);

  /** Resumes unless ended. */
  @Override
  void close();
}
