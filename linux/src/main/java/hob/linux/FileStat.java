package hob.linux;

import java.lang.foreign.MemorySegment;

/**
 * What {@code statx(2)} tells of a file.
 *
 * @param mode type and permission bits, as st_mode
 * @param device major and minor as {@code major << 32 | minor}
 * @param deviceNumber of a device node, same form
 * @param links names that it has; 0 once it is deleted
 */
public record FileStat(
    int mode,
    long inode,
    long device,
    long deviceNumber,
    int links,
    long size,
    int uid,
    int gid,
    Time accessed,
    Time modified) {
  /**
   * A moment of the file system's clock.
   *
   * @param nanos below a second
   */
  public record Time(long seconds, int nanos) {}

  private static final int S_IFMT = 0170000;
  private static final long STATFS_AT = 8192;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int AT_STATX_DONT_SYNC = 0x4000;
  private static final int STATX_TYPE = 1;
  private static final int BASIC = 0x7ff;

  /** Follows links; {@code /proc/PID/fd/N} gives the open file itself. */
  public static FileStat of(String path) {
    return of(path, 0);
  }

  /** Does not follow a last link. */
  public static FileStat ofLink(String path) {
    return of(path, AT_SYMLINK_NOFOLLOW);
  }

  /** {@code f_type} of {@code statfs(2)}: which kind of file system a file is on. Follows links. */
  public static long fileSystem(String path) {
    MemorySegment s = Scratch.get();
    long to = s.address() + STATFS_AT;
    Sys.check(Sys.call(Nr.STATFS, Scratch.string(s, 0, path), to), "statfs", path);
    return s.get(Scratch.LONG, STATFS_AT);
  }

  /**
   * The device that a file is on, from what this kernel has cached: never asks a server.
   *
   * @return as {@link #device}; -1 if there is no such file
   */
  public static long cachedDevice(String path) {
    MemorySegment s = Scratch.get();
    long r =
        Sys.call(
            Nr.STATX,
            Fd.AT_FDCWD,
            Scratch.string(s, 0, path),
            AT_STATX_DONT_SYNC,
            STATX_TYPE,
            s.address() + 8192,
            0);
    return r < 0 ? -1 : device(s.asSlice(8192, 256));
  }

  private static long device(MemorySegment statx) {
    return ((long) statx.get(Scratch.INT, 136) << 32) | (statx.get(Scratch.INT, 140) & 0xffffffffL);
  }

  private static FileStat of(String path, int flags) {
    MemorySegment s = Scratch.get();
    return at(Fd.AT_FDCWD, Scratch.string(s, 0, path), flags, s, 8192, path);
  }

  /** Does not follow a last link. {@code name} is an address; the result is read at {@code at}. */
  static FileStat at(int directory, long name, MemorySegment s, long at, String path) {
    return at(directory, name, AT_SYMLINK_NOFOLLOW, s, at, path);
  }

  private static FileStat at(
      int directory, long name, int flags, MemorySegment s, long at, String path) {
    Sys.check(
        Sys.call(Nr.STATX, directory, name, flags, BASIC, s.address() + at, 0), "statx", path);
    MemorySegment b = s.asSlice(at, 256);
    return new FileStat(
        b.get(Scratch.SHORT, 28) & 0xffff,
        b.get(Scratch.LONG, 32),
        device(b),
        ((long) b.get(Scratch.INT, 128) << 32) | (b.get(Scratch.INT, 132) & 0xffffffffL),
        b.get(Scratch.INT, 16),
        b.get(Scratch.LONG, 40),
        b.get(Scratch.INT, 20),
        b.get(Scratch.INT, 24),
        time(b, 64),
        time(b, 112));
  }

  private static Time time(MemorySegment b, long at) {
    return new Time(b.get(Scratch.LONG, at), b.get(Scratch.INT, at + 8));
  }

  private boolean type(int wanted) {
    return (mode & S_IFMT) == wanted;
  }

  public boolean isRegular() {
    return type(0100000);
  }

  public boolean isDirectory() {
    return type(0040000);
  }

  public boolean isCharacterDevice() {
    return type(0020000);
  }

  public boolean isFifo() {
    return type(0010000);
  }

  public boolean isSocket() {
    return type(0140000);
  }

  public boolean isSymlink() {
    return type(0120000);
  }

  /** Same file as {@code other}. */
  public boolean sameAs(FileStat other) {
    return inode == other.inode && device == other.device;
  }
}
