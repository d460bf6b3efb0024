package hob.home;

import java.lang.foreign.MemorySegment;

/**
 * A tree on its way in, at its target. Order: {@link #map}, {@link #write} until all page bytes are
 * there, {@link #prepare}, then {@link #resume} on the home's word, or {@link #destroy}.
 */
public interface Arrival extends AutoCloseable {

  /**
   * Lays out the address spaces of the image (serialised {@link hob.image.proto.TreeImage}); pages
   * may follow.
   */
  void map(byte[] image);

  /** Bytes of page contents to come. Valid after {@link #map}. */
  long pageBytes();

  /**
   * Writes page contents. Any thread, several at once, after {@link #map}.
   *
   * @param offset into the linear page space, bytes
   */
  void write(long offset, MemorySegment from);

  /**
   * Rebuilds all else. Afterwards the tree stands ready, frozen, and survives this daemon's death
   * frozen.
   */
  void prepare();

  /** The home committed: the tree runs here. Returns after the first instruction may have run. */
  void resume();

  /** {@code System.nanoTime()} when the first thread was let go. Valid after {@link #resume}. */
  long resumedAtNanos();

  /** The move failed: nothing of the tree stays here; at home the shadows are shadows again. */
  void destroy();

  /** Destroys unless resumed. */
  @Override
  void close();
}
