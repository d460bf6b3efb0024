package hob.files.abroad;

import hob.linux.Fd;
import hob.linux.RawMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Frames whose senders were told that all is well before the home has done what they ask for. They
 * stand in a memory file that outlives this program if somebody keeps it open, so that they are not
 * lost with it: a ring, since the home confirms them in the order in which they were sent.
 *
 * <pre>
 *   0  u64  begin: of the oldest record
 *   8  u64  end: where the next one goes
 *  64  records: u32 bytes, u32 kind, u64 number, the frame; each begins at a multiple of 8
 * </pre>
 *
 * Both count bytes since the beginning of time. Not thread-safe.
 */
final class Unconfirmed {
  private static final int BEGIN = 0;
  private static final int END = 8;
  private static final int HEAD = 64;
  private static final int RECORD = 16;
  private static final int FRAME = 1;

  /** Nothing until the end of the file: the next record is at its beginning. */
  private static final int SKIP = 2;

  /** What was in it is confirmed, and something before it is not. */
  private static final int OVER = 3;

  private static final long RING_BYTES = 12L << 20;

  private final Fd file;
  private final MemorySegment memory;
  private final long base;
  private final long ring;

  private Unconfirmed(Fd file) {
    this.file = file;
    try (FileChannel channel =
        FileChannel.open(Path.of(file.path()), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, HEAD + RING_BYTES, Arena.ofAuto());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    base = memory.address();
    ring = base + HEAD;
  }

  /** Without any. */
  static Unconfirmed create() {
    Fd file = Fd.memfd("hob-unconfirmed", 0);
    file.truncate(HEAD + RING_BYTES);
    return new Unconfirmed(file);
  }

  /** Those of an earlier program. */
  static Unconfirmed takeUp(Fd file) {
    return new Unconfirmed(file);
  }

  /** The memory file. */
  Fd file() {
    return file;
  }

  private long begin() {
    return RawMemory.i64(base + BEGIN);
  }

  private long end() {
    return RawMemory.i64(base + END);
  }

  private static long padded(int bytes) {
    return RECORD + (bytes + 7L & ~7L);
  }

  /** Whether a frame of so many bytes would find room. */
  boolean hasRoom(int bytes) {
    // What is left at the end of the file may be too short, and then is lost.
    return end() - begin() + 2 * padded(bytes) <= RING_BYTES;
  }

  /**
   * Keeps a frame, for which there is {@linkplain #hasRoom room}.
   *
   * @param number by which it will be confirmed
   */
  void add(long number, ByteBuffer frame) {
    int bytes = frame.remaining();
    long at = end();
    long left = RING_BYTES - at % RING_BYTES;
    if (left < padded(bytes)) {
      if (left >= RECORD) {
        head(at, (int) (left - RECORD), SKIP, 0);
      }
      at += left;
    }
    head(at, bytes, FRAME, number);
    MemorySegment.copy(
        MemorySegment.ofBuffer(frame), 0, memory, HEAD + at % RING_BYTES + RECORD, bytes);
    // Whoever takes over sees all of it or nothing.
    VarHandle.releaseFence();
    RawMemory.i64(base + END, at + padded(bytes));
  }

  private void head(long at, int bytes, int kind, long number) {
    long record = ring + at % RING_BYTES;
    RawMemory.i32(record, bytes);
    RawMemory.i32(record + 4, kind);
    RawMemory.i64(record + 8, number);
  }

  /**
   * The home has done what a frame asked for, or said why not.
   *
   * @return whether that was not known already
   */
  boolean confirm(long number) {
    boolean found = false;
    for (long at = first(begin()); at < end(); at = next(at)) {
      long record = ring + at % RING_BYTES;
      if (RawMemory.i64(record + 8) == number && RawMemory.i32(record + 4) == FRAME) {
        RawMemory.i32(record + 4, OVER);
        found = true;
        break;
      }
    }
    long at = first(begin());
    while (at < end() && RawMemory.i32(ring + at % RING_BYTES + 4) == OVER) {
      at = next(at);
    }
    VarHandle.releaseFence();
    RawMemory.i64(base + BEGIN, at);
    return found;
  }

  /** Goes to the next record, from one. */
  private long next(long at) {
    return first(at + padded(RawMemory.i32(ring + at % RING_BYTES)));
  }

  /** The record at a place, or behind what is skipped there. */
  private long first(long at) {
    if (at >= end()) {
      return at;
    }
    long left = RING_BYTES - at % RING_BYTES;
    boolean skipped = left < RECORD || RawMemory.i32(ring + at % RING_BYTES + 4) == SKIP;
    return skipped ? at + left : at;
  }

  /** Copies of all that are not confirmed, oldest first. */
  List<ByteBuffer> all() {
    List<ByteBuffer> found = new ArrayList<>();
    for (long at = first(begin()); at < end(); at = next(at)) {
      long offset = HEAD + at % RING_BYTES;
      if (RawMemory.i32(base + offset + 4) == FRAME) {
        int bytes = RawMemory.i32(base + offset);
        found.add(
            ByteBuffer.wrap(RawMemory.bytes(base + offset + RECORD, bytes))
                .order(ByteOrder.LITTLE_ENDIAN));
      }
    }
    return found;
  }

  void close() {
    file.close();
  }
}
