package hob.linux;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** What {@code pipe(7)} and its {@code fcntl}s tell of a pipe. Any thread. */
public final class Pipe {
  /** Bytes of one write that nothing comes between. */
  public static final int PIPE_BUF = 4096;

  private static final int F_SETPIPE_SZ = 1031;
  private static final int F_GETPIPE_SZ = 1032;
  private static final int SPLICE_F_NONBLOCK = 2;

  private Pipe() {}

  /** {@code F_GETPIPE_SZ}, bytes. */
  public static int capacity(Fd end) {
    return (int) Sys.check(end.fcntl(F_GETPIPE_SZ, 0), "fcntl", end, "F_GETPIPE_SZ");
  }

  /** {@code F_SETPIPE_SZ}. */
  public static void setCapacity(Fd end, int bytes) {
    Sys.check(end.fcntl(F_SETPIPE_SZ, bytes), "fcntl", end, "F_SETPIPE_SZ", bytes);
  }

  /** {@code FIONREAD}: bytes that stand in it. */
  public static int pending(Fd end) {
    return Terminal.pending(end);
  }

  /** What stands in it, which stays there: {@code tee(2)} into another pipe. */
  public static byte[] peek(Fd end) {
    int pending = pending(end);
    if (pending == 0) {
      return new byte[0];
    }
    Fd[] other = Fd.pipe(0);
    try (Fd in = Fd.open(end.path(), Fd.O_RDONLY | Fd.O_NONBLOCK);
        Fd read = other[0];
        Fd write = other[1]) {
      setCapacity(write, capacity(end));
      long n = Sys.call(Nr.TEE, in.number(), write.number(), pending, SPLICE_F_NONBLOCK);
      byte[] all = new byte[(int) Sys.check(n, "tee", pending)];
      int at = 0;
      while (at < all.length) {
        byte[] some = read.readSome(all.length - at);
        System.arraycopy(some, 0, all, at, some.length);
        at += some.length;
      }
      return all;
    }
  }

  /** Length of the longest beginning of {@code bytes}, at most PIPE_BUF, that ends with a line. */
  static int wholeLines(MemorySegment bytes, int length) {
    for (int n = Math.min(length, PIPE_BUF); n > 0; n--) {
      if (bytes.get(Scratch.BYTE, n - 1L) == '\n') {
        return n;
      }
    }
    return Math.min(length, PIPE_BUF);
  }

  /**
   * Writes {@code length} bytes in pieces that are written as one each, of at most PIPE_BUF bytes
   * and ending with a line where there is one.
   *
   * @param end O_NONBLOCK
   * @return bytes written, fewer when the pipe is full; {@code -errno} when none could be, for
   *     another reason
   */
  public static long writeLines(Fd end, MemorySegment bytes, int length) {
    int at = 0;
    while (at < length) {
      int n = wholeLines(bytes.asSlice(at), length - at);
      long r = end.write(bytes.asSlice(at, n));
      if (Sys.failed(r)) {
        return at > 0 || Errno.EAGAIN.is(r) || Errno.EINTR.is(r) ? at : r;
      }
      at += (int) r;
    }
    return at;
  }

  /** A new pipe's ends with this capacity, where the kernel allows it. */
  public static Fd[] ofCapacity(int bytes) {
    Fd[] ends = Fd.pipe(Fd.O_NONBLOCK);
    if (bytes > 0) {
      long r = ends[1].fcntl(F_SETPIPE_SZ, bytes);
      if (Sys.failed(r) && !Errno.EPERM.is(r)) {
        Fd.closeAll(Arrays.asList(ends));
        Sys.check(r, "fcntl", "F_SETPIPE_SZ", bytes);
      }
    }
    return ends;
  }
}
