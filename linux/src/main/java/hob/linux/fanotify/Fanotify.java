package hob.linux.fanotify;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * A group that watches whole file systems and identifies files by handle, with an unlimited queue.
 * Needs CAP_SYS_ADMIN. {@link #drain} is for one thread at a time.
 */
public final class Fanotify implements AutoCloseable {
  /** Contents changed by write(2), truncate(2) and kin; not by stores to shared mappings. */
  public static final long MODIFY = 0x2;

  public static final long ATTRIB = 0x4;

  /** A descriptor open for writing, or the last of its mappings, was closed. */
  public static final long CLOSE_WRITE = 0x8;

  public static final long MOVED_FROM = 0x40;
  public static final long MOVED_TO = 0x80;
  public static final long CREATE = 0x100;
  public static final long DELETE = 0x200;
  public static final long DELETE_SELF = 0x400;
  private static final long Q_OVERFLOW = 0x4000;
  private static final long ONDIR = 0x40000000L;

  private static final int NONBLOCK = 0x2;
  private static final int CLOEXEC = 0x1;
  private static final int UNLIMITED_QUEUE = 0x10;
  private static final int UNLIMITED_MARKS = 0x20;
  private static final int REPORT_TID = 0x100;
  private static final int REPORT_FID = 0x200;
  private static final int REPORT_DIR_FID = 0x400;
  private static final int REPORT_NAME = 0x800;
  private static final int REPORT_TARGET_FID = 0x1000;
  private static final int O_LARGEFILE = 0100000;
  private static final int MARK_ADD = 0x1;
  private static final int MARK_FILESYSTEM = 0x100;

  private static final int INFO_FID = 1;
  private static final int INFO_DFID_NAME = 2;
  private static final int INFO_DFID = 3;

  private static final int BUFFER_BYTES = 256 << 10;

  private final Fd group;
  private final Arena arena = Arena.ofShared();
  private final long buffer = arena.allocate(BUFFER_BYTES, 8).address();

  /** Takes one event. */
  public interface Events {
    /**
     * Something changed.
     *
     * @param mask of the constants of {@link Fanotify}; events that look alike may have been merged
     * @param thread who did it, as this pid namespace counts; 0 for one outside of it
     * @param directory that holds the changed name; null when only {@code target} is known
     * @param name in it; null when the directory itself is meant
     * @param target the file; null when the kernel does not say
     */
    void changed(
        long mask,
        int thread,
        @Nullable FileId directory,
        byte @Nullable [] name,
        @Nullable FileId target);

    /** Events were lost: anything may have changed. */
    void overflow();
  }

  private Fanotify(Fd group) {
    this.group = group;
  }

  /** {@code fanotify_init(2)}; EPERM without CAP_SYS_ADMIN. */
  public static Fanotify open() {
    return open(true);
  }

  /**
   * As {@link #open()}.
   *
   * @param unlimited false for a queue of fs.fanotify.max_queued_events, so that it can overflow
   */
  public static Fanotify open(boolean unlimited) {
    int flags =
        CLOEXEC
            | NONBLOCK
            | UNLIMITED_MARKS
            | REPORT_TID
            | REPORT_FID
            | REPORT_DIR_FID
            | REPORT_NAME
            | REPORT_TARGET_FID
            | (unlimited ? UNLIMITED_QUEUE : 0);
    return new Fanotify(
        Fd.of(Sys.check(Sys.call(Nr.FANOTIFY_INIT, flags, O_LARGEFILE), "fanotify_init")));
  }

  /**
   * Watches the file system of an open file.
   *
   * @return 0 or {@code -errno}: ENODEV, EOPNOTSUPP and EXDEV for those that cannot be watched
   */
  public long watch(int fd) {
    long mask =
        MODIFY
            | ATTRIB
            | CLOSE_WRITE
            | MOVED_FROM
            | MOVED_TO
            | CREATE
            | DELETE
            | DELETE_SELF
            | ONDIR;
    try (Arena scratch = Arena.ofConfined()) {
      long path = scratch.allocateFrom("/proc/self/fd/" + fd).address();
      return Sys.call(
          Nr.FANOTIFY_MARK, group.number(), MARK_ADD | MARK_FILESYSTEM, mask, Fd.AT_FDCWD, path, 0);
    }
  }

  /** Waits until there are events, or {@code millis} have passed. */
  public boolean await(int millis) {
    return group.poll(1, millis) != 0;
  }

  /** Hands over all events that are queued now; returns how many there were. */
  public int drain(Events to) {
    int count = 0;
    while (true) {
      long n = Sys.call(Nr.READ, group.number(), buffer, BUFFER_BYTES);
      if (Errno.EAGAIN.is(n)) {
        return count;
      }
      if (Errno.EINTR.is(n)) {
        continue;
      }
      Sys.check(n, "read", "fanotify");
      for (long at = buffer; at < buffer + n; at += RawMemory.u32(at)) {
        count++;
        event(at, to);
      }
    }
  }

  private static void event(long at, Events to) {
    long end = at + RawMemory.u32(at);
    long mask = RawMemory.i64(at + 8);
    if ((mask & Q_OVERFLOW) != 0) {
      to.overflow();
      return;
    }
    FileId directory = null;
    FileId target = null;
    byte[] name = null;
    int length;
    for (long info = at + RawMemory.u16(at + 6); info < end; info += length) {
      int type = RawMemory.i8(info);
      length = RawMemory.u16(info + 2);
      if (length == 0) {
        break;
      }
      int bytes = RawMemory.i32(info + 12);
      FileId id =
          new FileId(
              RawMemory.i64(info + 4), RawMemory.i32(info + 16), RawMemory.bytes(info + 20, bytes));
      switch (type) {
        case INFO_FID -> target = id;
        case INFO_DFID -> directory = id;
        case INFO_DFID_NAME -> {
          directory = id;
          long text = info + 20 + bytes;
          name = RawMemory.bytes(text, RawMemory.length(text, (int) (info + length - text)));
        }
        default -> {}
      }
    }
    to.changed(mask & ~ONDIR, RawMemory.i32(at + 20), directory, name, target);
  }

  @Override
  public void close() {
    group.close();
    arena.close();
  }
}
