package hob.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Native memory by its address: what kernel interfaces that are tables of bytes ({@code /dev/fuse},
 * {@code fanotify(7)}) are read and written with, without an object for each field.
 *
 * <p>Little-endian, unaligned. Nothing is checked: an address must lie in memory that its owner
 * holds allocated, or the process dies. Any thread.
 */
public final class RawMemory {
  private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  private RawMemory() {}

  /** The address of {@code text} and a NUL in memory that is never freed. */
  public static long constant(String text) {
    return Arena.global().allocateFrom(text).address();
  }

  /** A signed byte. */
  public static byte i8(long address) {
    return ALL.get(BYTE, address);
  }

  /** An unsigned 16-bit number. */
  public static int u16(long address) {
    return ALL.get(SHORT, address) & 0xffff;
  }

  /** A signed 32-bit number. */
  public static int i32(long address) {
    return ALL.get(INT, address);
  }

  /** An unsigned 32-bit number. */
  public static long u32(long address) {
    return ALL.get(INT, address) & 0xffffffffL;
  }

  /** A 64-bit number. */
  public static long i64(long address) {
    return ALL.get(LONG, address);
  }

  public static void i8(long address, int value) {
    ALL.set(BYTE, address, (byte) value);
  }

  public static void u16(long address, int value) {
    ALL.set(SHORT, address, (short) value);
  }

  public static void i32(long address, int value) {
    ALL.set(INT, address, value);
  }

  public static void i64(long address, long value) {
    ALL.set(LONG, address, value);
  }

  /** Fills {@code bytes} bytes with zeros. */
  public static void zero(long address, long bytes) {
    ALL.asSlice(address, bytes).fill((byte) 0);
  }

  /** Copies; the two may overlap. */
  public static void copy(long from, long to, long bytes) {
    MemorySegment.copy(ALL, from, ALL, to, bytes);
  }

  /** Copies out of an array. */
  public static void put(long to, byte[] from, int offset, int bytes) {
    MemorySegment.copy(from, offset, ALL, BYTE, to, bytes);
  }

  /** Writes {@code text} and a NUL; returns {@code to}. */
  public static long string(long to, byte[] text) {
    put(to, text, 0, text.length);
    i8(to + text.length, 0);
    return to;
  }

  /** Copies into a new array. */
  public static byte[] bytes(long from, int bytes) {
    byte[] copy = new byte[bytes];
    MemorySegment.copy(ALL, BYTE, from, copy, 0, bytes);
    return copy;
  }

  /** The bytes before the first NUL, of at most {@code limit}. */
  public static int length(long text, int limit) {
    int n = 0;
    while (n < limit && i8(text + n) != 0) {
      n++;
    }
    return n;
  }

  /** Writes {@code value} in decimal digits and a NUL; returns how many digits there are. */
  public static int decimal(long to, int value) {
    int digits = 1;
    for (int rest = value / 10; rest > 0; rest /= 10) {
      digits++;
    }
    int left = value;
    for (int at = digits - 1; at >= 0; at--) {
      i8(to + at, '0' + left % 10);
      left /= 10;
    }
    i8(to + digits, 0);
    return digits;
  }
}
