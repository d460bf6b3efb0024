package hob.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * {@code PAGEMAP_SCAN} of {@code /proc/PID/pagemap} (kernel 6.7). Only the thread that opened it,
 * one scan at a time.
 */
public final class PageMap implements AutoCloseable {
  /** Receives ranges of pages, ascending. */
  public interface RangeSink {
    /** Addresses {@code [start, end)}. */
    void range(long start, long end);
  }

  private static final long SCAN = 0xC0606610L;
  private static final int VECTOR = 4096;
  private static final int CATEGORY_FILE = 1 << 2;
  private static final int CATEGORY_PRESENT = 1 << 3;
  private static final int CATEGORY_SWAPPED = 1 << 4;
  private static final int CATEGORY_PFNZERO = 1 << 5;

  private static final int CATEGORY_GUARD = 1 << 8;

  /** What the call reads and writes: one for each thread, reused. */
  private record Buffers(MemorySegment argument, MemorySegment vector) {
    static Buffers allocate() {
      Arena arena = Arena.ofAuto();
      return new Buffers(arena.allocate(96, 8), arena.allocate(24L * VECTOR, 8));
    }
  }

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::allocate);

  private final Fd fd;
  private boolean guards = true;
  private final MemorySegment argument;
  private final MemorySegment vector;

  /** Of one process. */
  public PageMap(int pid) {
    Buffers buffers = BUFFERS.get();
    argument = buffers.argument;
    vector = buffers.vector;
    fd = Fd.open("/proc/" + pid + "/pagemap", Fd.O_RDONLY);
  }

  /**
   * The private pages in {@code [start, end)} that differ from file and zero page: present or
   * swapped out.
   */
  public void scanPrivate(long start, long end, RangeSink sink) {
    // Guard regions count as swapped out, but there is nothing behind them.
    int not = CATEGORY_FILE | CATEGORY_PFNZERO;
    int either = CATEGORY_PRESENT | CATEGORY_SWAPPED;
    if (guards) {
      guards = scan(start, end, not | CATEGORY_GUARD, either, sink);
    }
    if (!guards && !scan(start, end, not, either, sink)) {
      throw new LinuxException("PAGEMAP_SCAN", Errno.EINVAL, Long.toHexString(start));
    }
  }

  /**
   * The guard regions in {@code [start, end)}, MADV_GUARD_INSTALL; none where the kernel knows no
   * such.
   */
  public void scanGuards(long start, long end, RangeSink sink) {
    if (guards) {
      guards = scan(start, end, 0, CATEGORY_GUARD, sink);
    }
  }

  /**
   * Pages that have none of the categories {@code not} and one of {@code either}; false when the
   * kernel does not know a category.
   */
  private boolean scan(long start, long end, int not, int either, RangeSink sink) {
    long at = start;
    while (at < end) {
      argument.fill((byte) 0);
      argument.set(Scratch.LONG, 0, 96);
      argument.set(Scratch.LONG, 16, at);
      argument.set(Scratch.LONG, 24, end);
      argument.set(Scratch.LONG, 40, vector.address());
      argument.set(Scratch.LONG, 48, VECTOR);
      argument.set(Scratch.LONG, 64, not);
      argument.set(Scratch.LONG, 72, not);
      argument.set(Scratch.LONG, 80, either);
      argument.set(Scratch.LONG, 88, either);
      long n = fd.ioctl(SCAN, argument.address());
      if (Errno.EINVAL.is(n) && at == start) {
        return false;
      }
      Sys.check(n, "PAGEMAP_SCAN", Long.toHexString(at));
      for (long i = 0; i < n; i++) {
        sink.range(vector.get(Scratch.LONG, i * 24), vector.get(Scratch.LONG, i * 24 + 8));
      }
      at = argument.get(Scratch.LONG, 32);
    }
    return true;
  }

  @Override
  public void close() {
    fd.close();
  }
}
