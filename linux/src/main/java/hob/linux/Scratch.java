package hob.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * Native memory for call arguments, one per thread and reused: what a call put there is gone with
 * the next call of the same thread. Layouts are little-endian and unaligned, as the structs of the
 * kernel interface allow.
 */
final class Scratch {
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  private static final ThreadLocal<MemorySegment> BUFFER =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(65536, 64));

  private Scratch() {}

  /** This thread's 64 KiB buffer, contents undefined. */
  static MemorySegment get() {
    return BUFFER.get();
  }

  /** Writes {@code s} with its NUL at {@code offset}; returns its address. */
  static long string(MemorySegment into, long offset, String s) {
    return bytes(into, offset, s.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes {@code b} and a NUL at {@code offset}; returns its address. */
  static long bytes(MemorySegment into, long offset, byte[] b) {
    if (b.length + 1 > into.byteSize() - offset) {
      throw new LinuxException("path", Errno.ENAMETOOLONG, b.length);
    }
    MemorySegment.copy(b, 0, into, BYTE, offset, b.length);
    into.set(BYTE, offset + b.length, (byte) 0);
    return into.address() + offset;
  }
}
