package hob.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A file descriptor of this process. Closing twice is harmless; not thread-safe against its own
 * close.
 */
public final class Fd implements AutoCloseable {
  public static final int AT_FDCWD = -100;
  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0100;
  public static final int O_EXCL = 0200;
  public static final int O_NOCTTY = 0400;
  public static final int O_TRUNC = 01000;
  public static final int O_APPEND = 02000;
  public static final int O_NONBLOCK = 04000;
  public static final int O_DIRECTORY = 0200000;
  public static final int O_NOFOLLOW = 0400000;
  public static final int O_CLOEXEC = 02000000;
  public static final int O_PATH = 010000000;

  /** __O_TMPFILE without the O_DIRECTORY that O_TMPFILE has too. */
  public static final int O_TMPFILE_BIT = 020000000;

  private static final int SOME_ENTRIES = 1024;

  private int number;

  private Fd(int number) {
    this.number = number;
  }

  /** Takes charge of a descriptor number that a call returned. */
  public static Fd of(long number) {
    return new Fd((int) number);
  }

  /** {@code openat(2)} relative to the working directory. */
  public static Fd open(String path, int flags) {
    return open(path, flags, 0);
  }

  /** {@code openat(2)} with a mode. O_CLOEXEC is always added. */
  public static Fd open(String path, int flags, int mode) {
    return of(
        Sys.check(tryOpen(path, flags, mode), "openat", path, "0" + Integer.toOctalString(flags)));
  }

  /** {@code mknodat(2)} of a FIFO or a device that needs no number. */
  public static void makeNode(String path, int mode) {
    MemorySegment s = Scratch.get();
    Sys.check(Sys.call(Nr.MKNODAT, AT_FDCWD, Scratch.string(s, 0, path), mode, 0), "mknodat", path);
  }

  /** As {@link #open}, returning the number or {@code -errno}. */
  public static long tryOpen(String path, int flags, int mode) {
    MemorySegment s = Scratch.get();
    return Sys.call(Nr.OPENAT, AT_FDCWD, Scratch.string(s, 0, path), flags | O_CLOEXEC, mode);
  }

  /** The number, as the kernel counts it. */
  public int number() {
    return number;
  }

  /** {@code /proc/self/fd/N}. */
  public String path() {
    return "/proc/self/fd/" + number;
  }

  /** {@code poll(2)} of this one: the events that hold within {@code millis}, 0 for none. */
  public int poll(int events, int millis) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.INT, 0, number);
    s.set(Scratch.INT, 4, events);
    long r = Sys.call(Nr.POLL, s.address(), 1, millis);
    if (Errno.EINTR.is(r)) {
      return 0;
    }
    Sys.check(r, "poll", number);
    return s.get(Scratch.SHORT, 6);
  }

  /** {@code ioctl(2)}; result or {@code -errno}. */
  public long ioctl(long request, long argument) {
    return Sys.call(Nr.IOCTL, number, request, argument);
  }

  /** {@code fcntl(2)}; result or {@code -errno}. */
  public long fcntl(int command, long argument) {
    return Sys.call(Nr.FCNTL, number, command, argument);
  }

  /** {@code read(2)} into {@code into}; count, 0 at the end, or {@code -errno}. */
  public long read(MemorySegment into) {
    return Sys.call(Nr.READ, number, into.address(), into.byteSize());
  }

  /** {@code write(2)}; count or {@code -errno}. */
  public long write(MemorySegment from) {
    return Sys.call(Nr.WRITE, number, from.address(), from.byteSize());
  }

  /** Writes all of {@code bytes} or throws. */
  public void writeAll(byte[] bytes) {
    MemorySegment s = Scratch.get();
    for (int at = 0; at < bytes.length; ) {
      int n = (int) Math.min(bytes.length - at, s.byteSize());
      MemorySegment.copy(bytes, at, s, ValueLayout.JAVA_BYTE, 0, n);
      at += (int) Sys.check(write(s.asSlice(0, n)), "write", number, n);
    }
  }

  /**
   * Writes what fits now.
   *
   * @return bytes written; 0 when it would block
   */
  public int writeSome(byte[] bytes, int from) {
    MemorySegment s = Scratch.get();
    int n = (int) Math.min(bytes.length - from, s.byteSize());
    MemorySegment.copy(bytes, from, s, ValueLayout.JAVA_BYTE, 0, n);
    long r = write(s.asSlice(0, n));
    return Errno.EAGAIN.is(r) ? 0 : (int) Sys.check(r, "write", number, n);
  }

  /** Reads up to {@code max} bytes that are there now; empty at the end or when it would block. */
  public byte[] readSome(int max) {
    MemorySegment s = Scratch.get();
    long r = read(s.asSlice(0, Math.min(max, s.byteSize())));
    if (Errno.EAGAIN.is(r)) {
      return new byte[0];
    }
    Sys.check(r, "read", number);
    return s.asSlice(0, r).toArray(ValueLayout.JAVA_BYTE);
  }

  /** {@code pipe2(2)}: read end, write end. */
  public static Fd[] pipe(int flags) {
    MemorySegment s = Scratch.get();
    Sys.check(Sys.call(Nr.PIPE2, s.address(), flags | O_CLOEXEC), "pipe2");
    return new Fd[] {of(s.get(Scratch.INT, 0)), of(s.get(Scratch.INT, 4))};
  }

  /** {@code memfd_create(2)}. */
  public static Fd memfd(String name, int flags) {
    MemorySegment s = Scratch.get();
    return of(
        Sys.check(
            Sys.call(Nr.MEMFD_CREATE, Scratch.string(s, 0, name), flags), "memfd_create", name));
  }

  /**
   * {@code fchmod(2)}, {@code fchown(2)}; the mode last, as a change of owner clears bits of it.
   */
  public void own(int uid, int gid, int mode) {
    Sys.check(Sys.call(Nr.FCHOWN, number, uid, gid), "fchown", number, uid, gid);
    Sys.check(Sys.call(Nr.FCHMOD, number, mode & 07777), "fchmod", number, mode);
  }

  /** {@code fcntl(F_DUPFD_CLOEXEC)}: another descriptor of the same open file description. */
  public Fd dup() {
    return of(Sys.check(fcntl(1030, 0), "fcntl", "F_DUPFD_CLOEXEC", number));
  }

  /** {@code ftruncate(2)}. */
  public void truncate(long size) {
    Sys.check(Sys.call(Nr.FTRUNCATE, number, size), "ftruncate", number, size);
  }

  /** {@code futimens(3)}. */
  public void times(FileStat.Time accessed, FileStat.Time modified) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.LONG, 0, accessed.seconds());
    s.set(Scratch.LONG, 8, accessed.nanos());
    s.set(Scratch.LONG, 16, modified.seconds());
    s.set(Scratch.LONG, 24, modified.nanos());
    Sys.check(Sys.call(Nr.UTIMENSAT, number, 0, s.address(), 0), "utimensat", number);
  }

  /** {@code readlinkat(2)} of an O_PATH descriptor of a symbolic link. */
  public byte[] linkTarget() {
    MemorySegment s = Scratch.get();
    long r = Sys.call(Nr.READLINKAT, number, Scratch.string(s, 8192, ""), s.address(), 8192);
    Sys.check(r, "readlinkat", number);
    return s.asSlice(0, r).toArray(ValueLayout.JAVA_BYTE);
  }

  /** {@code readlink(2)} of any path, as bytes may say. */
  public static String readlink(String path) {
    return new String(readlinkBytes(path), StandardCharsets.UTF_8);
  }

  /** {@code readlink(2)}; bytes, since names need not be UTF-8. */
  public static byte[] readlinkBytes(String path) {
    MemorySegment s = Scratch.get();
    long r = Sys.call(Nr.READLINKAT, AT_FDCWD, Scratch.string(s, 8192, path), s.address(), 8192);
    Sys.check(r, "readlink", path);
    return s.asSlice(0, r).toArray(ValueLayout.JAVA_BYTE);
  }

  /** {@code close(2)}; errors are not told, as they cannot be acted on. */
  @Override
  public void close() {
    if (number >= 0) {
      Sys.call(Nr.CLOSE, number);
      number = -1;
    }
  }

  /** Closes all of {@code fds}. */
  public static void closeAll(Iterable<Fd> fds) {
    for (Fd fd : fds) {
      fd.close();
    }
  }

  /** Closes both. */
  public static void closeAll(Fd... fds) {
    closeAll(Arrays.asList(fds));
  }

  @Override
  public String toString() {
    return "fd " + number;
  }

  /** {@code getdents64(2)}: goes over the next entries, if it is a directory. */
  public void readEntries() {
    MemorySegment entries = Scratch.get();
    Sys.call(Nr.GETDENTS64, number(), entries.address(), SOME_ENTRIES);
  }
}
