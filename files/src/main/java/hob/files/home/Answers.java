package hob.files.home;

import hob.linux.RawMemory;
import hob.linux.fuse.FuseLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * What a guest was last answered to requests that change something. When its host's daemon, or this
 * one, has died in between, requests come twice; what cannot be done twice is answered from here.
 * Of one guest's mutator.
 *
 * <pre>
 *   0  u64  how many there were
 *  64  records of 192 bytes: u64 number, u32 bytes, u8 flags, 3 unused, u32 aux, 4 unused, the answer
 * </pre>
 */
final class Answers {
  private static final int HEAD = 64;
  private static final int RECORD = 192;
  private static final int LENGTH = 8;
  private static final int FLAGS = 12;
  private static final int AUX = 16;
  private static final int BODY = 24;

  /** More than can be under way: so many processes, and what fits into the write-behind window. */
  private static final int MOST = 1 << 13;

  static final long BYTES = HEAD + (long) MOST * RECORD;

  private final MemorySegment memory;
  private final long base;

  /** Those that somebody else gave, by number. */
  private final Map<Long, Long> earlier = new HashMap<>();

  /** None. */
  Answers() {
    this(Arena.ofAuto().allocate(BYTES, 8));
  }

  /**
   * Those that somebody put there.
   *
   * @param memory of {@link #BYTES}, at first all zero
   */
  Answers(MemorySegment memory) {
    this.memory = memory;
    base = this.memory.address();
    long count = RawMemory.i64(base);
    for (long i = Math.max(0, count - MOST); i < count; i++) {
      earlier.put(RawMemory.i64(record(i)), record(i));
    }
  }

  /**
   * A request was carried out and is about to be answered.
   *
   * @param body the address of the {@code fuse_out_header} and what follows it
   */
  void add(long number, int flags, int aux, long body) {
    int length = RawMemory.i32(body + FuseLayout.OUT_LEN);
    if (length > RECORD - BODY) {
      // Whatever has so long an answer only looks.
      return;
    }
    long count = RawMemory.i64(base);
    long at = record(count);
    RawMemory.i64(at, plain(number));
    RawMemory.i32(at + LENGTH, length);
    RawMemory.i8(at + FLAGS, flags);
    RawMemory.i32(at + AUX, aux);
    RawMemory.copy(body, at + BODY, length);
    RawMemory.i64(base, count + 1);
  }

  private long record(long index) {
    return base + HEAD + index % MOST * RECORD;
  }

  /** The number that it had when it was first sent. */
  static long plain(long number) {
    return number & ~FuseLayout.UNIQUE_RESEND;
  }

  /**
   * Where the answer to a request is; 0 when it was not carried out, as far as is known.
   *
   * @param again whether its sender knows that it may have been here; if not, only what an earlier
   *     program answered is looked at
   */
  long find(long number, boolean again) {
    long wanted = plain(number);
    Long known = earlier.get(wanted);
    // Its place may have been taken by another since.
    if (known != null && RawMemory.i64(known) == wanted) {
      return known;
    }
    if (!again) {
      return 0;
    }
    long count = RawMemory.i64(base);
    for (long i = count - 1; i >= 0 && i >= count - MOST; i--) {
      if (RawMemory.i64(record(i)) == wanted) {
        return record(i);
      }
    }
    return 0;
  }

  static int flags(long found) {
    return RawMemory.i8(found + FLAGS);
  }

  static int aux(long found) {
    return RawMemory.i32(found + AUX);
  }

  /** The bytes behind the {@code fuse_out_header}, or {@code -errno}. */
  static int result(long found) {
    int error = RawMemory.i32(found + BODY + FuseLayout.OUT_ERROR);
    return error != 0 ? error : RawMemory.i32(found + LENGTH) - FuseLayout.OUT_BYTES;
  }

  /** Where those bytes are. */
  static long out(long found) {
    return found + BODY + FuseLayout.OUT_BYTES;
  }
}
