package hob.linux.fuse;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A FUSE connection to the kernel: {@code /dev/fuse} and the mount that it serves, {@code fuse(4)}.
 *
 * <p>Any number of threads may read requests and write answers; each call moves one.
 */
public final class FuseDevice implements AutoCloseable {
  private static final int MS_NOSUID = 2;
  private static final int MS_NODEV = 4;
  private static final int MNT_FORCE = 1;
  private static final int MNT_DETACH = 2;
  private static final int EXPIRE_ONLY = 1;

  private final Fd device;
  private final Path mountPoint;
  private volatile boolean closed;

  private FuseDevice(Fd device, Path mountPoint) {
    this.device = device;
    this.mountPoint = mountPoint;
  }

  /**
   * Mounts, nosuid and nodev, for all users; permissions are checked by the kernel. The first
   * request is INIT.
   *
   * @param name what {@code mount} shows as the source
   * @param mountPoint an existing directory of the caller's mount namespace
   * @param maxRead bytes of the longest READ
   */
  public static FuseDevice mount(String name, Path mountPoint, int maxRead) {
    Fd device = Fd.open("/dev/fuse", Fd.O_RDWR);
    String options =
        "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions,max_read=%d"
            .formatted(device.number(), maxRead);
    try (Arena arena = Arena.ofConfined()) {
      Sys.check(
          Sys.call(
              Nr.MOUNT,
              arena.allocateFrom(name).address(),
              path(arena, mountPoint),
              arena.allocateFrom("fuse.hob").address(),
              MS_NOSUID | MS_NODEV,
              arena.allocateFrom(options).address(),
              0),
          "mount",
          "fuse.hob",
          mountPoint);
    } catch (LinuxException e) {
      device.close();
      throw e;
    }
    return new FuseDevice(device, mountPoint);
  }

  /**
   * A connection that another process had, mounted and past INIT.
   *
   * @param device a descriptor of that process's {@code /dev/fuse}, which this takes charge of
   */
  public static FuseDevice takeUp(Fd device, Path mountPoint) {
    return new FuseDevice(device, mountPoint);
  }

  /** {@code /dev/fuse} itself: while anybody has it open, the mount lasts and requests wait. */
  public Fd file() {
    return device;
  }

  private static long path(Arena arena, Path path) {
    MemorySegment text = arena.allocateFrom(path.toString(), StandardCharsets.UTF_8);
    return text.address();
  }

  /** Where it is mounted. */
  public Path mountPoint() {
    return mountPoint;
  }

  /**
   * Waits for a request.
   *
   * @param into the address of at least 1 MiB and 4 KiB
   * @return its length; 0 when the mount has gone
   */
  public int read(long into, int room) {
    while (!closed) {
      long n = Sys.call(Nr.READ, device.number(), into, room);
      if (n > 0) {
        return (int) n;
      }
      // ENOENT: a request that was interrupted before it was read. EAGAIN, EINTR: again.
      if (!Errno.ENOENT.is(n) && !Errno.EINTR.is(n) && !Errno.EAGAIN.is(n)) {
        return 0;
      }
    }
    return 0;
  }

  /**
   * Answers a request, or notifies.
   *
   * @param from the address of a {@code fuse_out_header} and what belongs to it
   * @return 0 or {@code -errno}: ENOENT when nobody waits for it (any more), ENODEV when unmounted
   */
  public long write(long from, int bytes) {
    long r = Sys.call(Nr.WRITE, device.number(), from, bytes);
    return r < 0 ? r : 0;
  }

  /**
   * FUSE_NOTIFY_INVAL_INODE: forgets attributes, and pages from {@code offset} on. Waits for pages
   * that are being read.
   *
   * @param scratch the address of 64 bytes
   * @param offset negative to keep the pages
   * @return 0, or {@code -ENOENT} when the kernel does not know the node
   */
  public long invalidateInode(long scratch, long node, long offset) {
    notification(scratch, FuseLayout.NOTIFY_INVAL_INODE, 24);
    RawMemory.i64(scratch + 16, node);
    RawMemory.i64(scratch + 24, offset);
    RawMemory.i64(scratch + 32, 0);
    return write(scratch, 40);
  }

  /**
   * FUSE_NOTIFY_INVAL_ENTRY: forgets a name. Waits while the directory is being changed or looked
   * up in.
   *
   * @param scratch the address of 64 bytes and the name
   */
  public long invalidateEntry(long scratch, long parent, byte[] name) {
    return entry(scratch, parent, name, 0);
  }

  /**
   * FUSE_NOTIFY_INVAL_ENTRY with FUSE_EXPIRE_ONLY, since Linux 6.2: has a name looked up again
   * before it is next used. Waits as {@link #invalidateEntry}.
   *
   * @param scratch the address of 64 bytes and the name
   */
  public long expireEntry(long scratch, long parent, byte[] name) {
    return entry(scratch, parent, name, EXPIRE_ONLY);
  }

  private long entry(long scratch, long parent, byte[] name, int flags) {
    int body = 16 + name.length + 1;
    notification(scratch, FuseLayout.NOTIFY_INVAL_ENTRY, body);
    RawMemory.i64(scratch + 16, parent);
    RawMemory.i32(scratch + 24, name.length);
    RawMemory.i32(scratch + 28, flags);
    RawMemory.string(scratch + 32, name);
    return write(scratch, 16 + body);
  }

  /**
   * FUSE_NOTIFY_RESEND, since Linux 6.9: requests that were read and not answered can be read
   * again, marked {@link FuseLayout#UNIQUE_RESEND}.
   *
   * @param scratch the address of 64 bytes
   * @return 0, or {@code -EINVAL} when the kernel cannot do that
   */
  public long resend(long scratch) {
    notification(scratch, FuseLayout.NOTIFY_RESEND, 0);
    return write(scratch, FuseLayout.OUT_BYTES);
  }

  private static void notification(long at, int code, int bodyBytes) {
    RawMemory.i32(at + FuseLayout.OUT_LEN, FuseLayout.OUT_BYTES + bodyBytes);
    RawMemory.i32(at + FuseLayout.OUT_ERROR, code);
    RawMemory.i64(at + FuseLayout.OUT_UNIQUE, 0);
  }

  /**
   * Takes the mount away: whoever waits for an answer gets ECONNABORTED, who holds open files
   * ENOTCONN from then on. Reading threads return.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try (Arena arena = Arena.ofConfined()) {
      // MNT_FORCE aborts the connection, which wakes all who wait, before it looks who is there.
      Sys.call(Nr.UMOUNT2, path(arena, mountPoint), MNT_FORCE | MNT_DETACH);
    }
    device.close();
  }
}
