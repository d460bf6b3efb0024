package hob.linux;

import java.lang.foreign.MemorySegment;

/**
 * Absolute names as the processes of one mount namespace see them: the calls of the {@code *at}
 * family below that namespace's root directory. Names are bytes, since they need not be UTF-8, and
 * a last symbolic link is never followed. One thread at a time.
 */
public final class RootDir implements AutoCloseable {
  private static final int AT_REMOVEDIR = 0x200;
  private static final int AT_SYMLINK_FOLLOW = 0x400;
  private static final int S_IFIFO = 0010000;
  private static final int NAME = 8192;
  private static final int BUFFER = 16384;

  private final Fd root;
  private final boolean lent;

  private RootDir(Fd root) {
    this(root, false);
  }

  private RootDir(Fd root, boolean lent) {
    this.root = root;
    this.lent = lent;
  }

  /** Of this process itself. */
  public static RootDir own() {
    return new RootDir(Fd.open("/", Fd.O_PATH));
  }

  /** The root directory of a process of this /proc, which must not have changed its root. */
  public static RootDir of(int pid) {
    return new RootDir(Fd.open("/proc/" + pid + "/root", Fd.O_PATH));
  }

  /** The O_PATH descriptor itself. */
  public Fd directory() {
    return root;
  }

  /** The same directory by a descriptor of its own. */
  public RootDir again() {
    return new RootDir(root.dup());
  }

  /** The same by the same descriptor, which stays open when this is closed. */
  public RootDir lent() {
    return new RootDir(root, true);
  }

  private static long name(MemorySegment s, long offset, byte[] path) {
    int from = 0;
    while (from < path.length && path[from] == '/') {
      from++;
    }
    byte[] relative =
        from == path.length
            ? new byte[] {'.'}
            : java.util.Arrays.copyOfRange(path, from, path.length);
    return Scratch.bytes(s, offset, relative);
  }

  /** {@code openat(2)}: the descriptor or {@code -errno}. O_CLOEXEC is always added. */
  public long tryOpen(byte[] path, int flags, int mode) {
    long at = name(Scratch.get(), NAME, path);
    return Sys.call(Nr.OPENAT, root.number(), at, flags | Fd.O_CLOEXEC, mode);
  }

  /** {@code openat(2)}. */
  public Fd open(byte[] path, int flags, int mode) {
    return Fd.of(
        Sys.check(
            tryOpen(path, flags, mode), "openat", text(path), "0" + Integer.toOctalString(flags)));
  }

  /** {@code statx(2)}; ENOENT and kin when no file has the name. */
  public FileStat stat(byte[] path) {
    MemorySegment s = Scratch.get();
    return FileStat.at(root.number(), name(s, NAME, path), s, BUFFER, text(path));
  }

  /** Gives {@code file} another name: {@code linkat(2)}; 0 or {@code -errno}. */
  public long link(Fd file, byte[] path) {
    MemorySegment s = Scratch.get();
    long from = Scratch.string(s, 0, file.path());
    return Sys.call(
        Nr.LINKAT, Fd.AT_FDCWD, from, root.number(), name(s, NAME, path), AT_SYMLINK_FOLLOW, 0);
  }

  /** {@code mkdirat(2)}; 0 or {@code -errno}. */
  public long mkdir(byte[] path, int mode) {
    return Sys.call(Nr.MKDIRAT, root.number(), name(Scratch.get(), NAME, path), mode);
  }

  /** Makes a FIFO: {@code mknodat(2)}; 0 or {@code -errno}. */
  public long mkfifo(byte[] path, int mode) {
    return Sys.call(Nr.MKNODAT, root.number(), name(Scratch.get(), NAME, path), S_IFIFO | mode, 0);
  }

  /** {@code symlinkat(2)}; 0 or {@code -errno}. */
  public long symlink(byte[] target, byte[] path) {
    MemorySegment s = Scratch.get();
    return Sys.call(Nr.SYMLINKAT, Scratch.bytes(s, 0, target), root.number(), name(s, NAME, path));
  }

  /** {@code unlinkat(2)}; 0 or {@code -errno}. */
  public long unlink(byte[] path) {
    return Sys.call(Nr.UNLINKAT, root.number(), name(Scratch.get(), NAME, path), 0);
  }

  /** {@code rmdir(2)}; 0 or {@code -errno}. */
  public long rmdir(byte[] path) {
    return Sys.call(Nr.UNLINKAT, root.number(), name(Scratch.get(), NAME, path), AT_REMOVEDIR);
  }

  private static String text(byte[] path) {
    return new String(path, java.nio.charset.StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    if (!lent) {
      root.close();
    }
  }
}
