package hob.image.format;

import java.lang.foreign.MemorySegment;

/** Where page contents come from. */
@FunctionalInterface
public interface PageSource {
  /**
   * Fills {@code into} from {@code offset}.
   *
   * @param offset into the linear page space, bytes
   * @param into native memory
   */
  void read(long offset, MemorySegment into);
}
