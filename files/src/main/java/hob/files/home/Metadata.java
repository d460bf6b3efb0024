package hob.files.home;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;
import hob.linux.fuse.FuseLayout;

/** Calls about attributes, of both kinds. For one worker. */
final class Metadata {
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int MAX_LINK = 4095;
  private static final int MAX_XATTR = 64 << 10;
  private static final long UTIME_NOW = 0x3fffffff;
  private static final long UTIME_OMIT = 0x3ffffffe;
  private static final int S_IFLNK = 0120000;

  private final Descriptors descriptors;

  Metadata(Descriptors descriptors) {
    this.descriptors = descriptors;
  }

  int getattr(Worker worker, Node node) {
    return descriptors.asUser(worker, node, fd -> attributes(worker, node, fd));
  }

  private static int attributes(Worker worker, Node node, int fd) {
    long r = worker.statx(fd);
    if (r < 0) {
      return (int) r;
    }
    Attributes.attrOut(worker.out(), node, worker.stat());
    return FuseLayout.ATTR_OUT_BYTES;
  }

  int setattr(Worker worker, Node node, long body) {
    int valid = RawMemory.i32(body + FuseLayout.SETATTR_VALID);
    if ((valid & FuseLayout.FATTR_SIZE) != 0) {
      int r = truncate(worker, node, RawMemory.i64(body + FuseLayout.SETATTR_SIZE));
      if (r < 0) {
        return r;
      }
    }
    return descriptors.asUser(worker, node, fd -> setattr(worker, node, fd, body, valid));
  }

  private int setattr(Worker worker, Node node, int fd, long body, int valid) {
    long r = 0;
    if ((valid & (FuseLayout.FATTR_UID | FuseLayout.FATTR_GID)) != 0) {
      boolean uid = (valid & FuseLayout.FATTR_UID) != 0;
      boolean gid = (valid & FuseLayout.FATTR_GID) != 0;
      r =
          Sys.call(
              Nr.FCHOWNAT,
              fd,
              Worker.EMPTY,
              uid ? RawMemory.u32(body + FuseLayout.SETATTR_UID) : -1,
              gid ? RawMemory.u32(body + FuseLayout.SETATTR_GID) : -1,
              AT_EMPTY_PATH,
              0);
    }
    if (r == 0 && (valid & FuseLayout.FATTR_MODE) != 0) {
      int mode = RawMemory.i32(body + FuseLayout.SETATTR_MODE) & 07777;
      r = node.type == S_IFLNK ? -Errno.ENOTSUP.number() : chmod(worker, fd, mode);
    }
    if (r == 0 && (valid & (FuseLayout.FATTR_ATIME | FuseLayout.FATTR_MTIME)) != 0) {
      r = times(worker, fd, body, valid);
    }
    return r < 0 ? (int) r : attributes(worker, node, fd);
  }

  private static long chmod(Worker worker, int fd, int mode) {
    return Sys.call(Nr.FCHMODAT, Fd.AT_FDCWD, Descriptors.procPath(worker, fd), mode);
  }

  private int truncate(Worker worker, Node node, long size) {
    int fd = descriptors.openWrite(worker, node);
    if (fd < 0) {
      return fd;
    }
    try {
      worker.asUser();
      return Operations.result(Sys.call(Nr.FTRUNCATE, fd, size));
    } finally {
      descriptors.release(node);
      node.guest.writes(node);
    }
  }

  private static long times(Worker worker, int fd, long body, int valid) {
    long at = worker.scratch();
    time(
        at,
        valid,
        FuseLayout.FATTR_ATIME,
        FuseLayout.FATTR_ATIME_NOW,
        RawMemory.i64(body + FuseLayout.SETATTR_ATIME),
        RawMemory.u32(body + FuseLayout.SETATTR_ATIMENSEC));
    time(
        at + 16,
        valid,
        FuseLayout.FATTR_MTIME,
        FuseLayout.FATTR_MTIME_NOW,
        RawMemory.i64(body + FuseLayout.SETATTR_MTIME),
        RawMemory.u32(body + FuseLayout.SETATTR_MTIMENSEC));
    return Sys.call(Nr.UTIMENSAT, fd, Worker.EMPTY, at, AT_EMPTY_PATH);
  }

  private static void time(long at, int valid, int set, int now, long seconds, long nanos) {
    RawMemory.i64(at, seconds);
    RawMemory.i64(at + 8, (valid & set) == 0 ? UTIME_OMIT : (valid & now) != 0 ? UTIME_NOW : nanos);
  }

  int readlink(Worker worker, Node node) {
    return descriptors.asUser(
        worker,
        node,
        fd -> (int) Sys.call(Nr.READLINKAT, fd, Worker.EMPTY, worker.out(), MAX_LINK));
  }

  int statfs(Worker worker, Node node) {
    return descriptors.asUser(
        worker,
        node,
        fd -> {
          long at = worker.scratch();
          long r = Sys.call(Nr.FSTATFS, fd, at);
          if (r < 0) {
            return (int) r;
          }
          long out = worker.out();
          RawMemory.zero(out, FuseLayout.STATFS_BYTES);
          RawMemory.copy(at + 16, out, 40);
          RawMemory.i32(out + 40, (int) RawMemory.i64(at + 8));
          RawMemory.i32(out + 44, (int) RawMemory.i64(at + 64));
          RawMemory.i32(out + 48, (int) RawMemory.i64(at + 72));
          return FuseLayout.STATFS_BYTES;
        });
  }

  int setxattr(Worker worker, Node node, Request request) {
    long body = request.body();
    int size = RawMemory.i32(body + FuseLayout.SETXATTR_SIZE);
    long name = body + FuseLayout.SETXATTR_BYTES;
    int nameBytes = RawMemory.length(name, 256) + 1;
    if (size < 0
        || nameBytes > 256
        || FuseLayout.SETXATTR_BYTES + nameBytes + size > request.bodyBytes()) {
      return -Errno.EINVAL.number();
    }
    return descriptors.asUser(
        worker,
        node,
        fd ->
            Operations.result(
                Sys.call(
                    Nr.SETXATTR,
                    Descriptors.procPath(worker, fd),
                    name,
                    name + nameBytes,
                    size,
                    RawMemory.i32(body + FuseLayout.SETXATTR_FLAGS),
                    0)));
  }

  int getxattr(Worker worker, Node node, Request request) {
    long name = request.body() + FuseLayout.GETXATTR_BYTES;
    int room = size(request.body());
    return descriptors.asUser(
        worker,
        node,
        fd ->
            sized(
                worker,
                room,
                Sys.call(Nr.GETXATTR, Descriptors.procPath(worker, fd), name, worker.out(), room)));
  }

  int listxattr(Worker worker, Node node, long body) {
    int room = size(body);
    return descriptors.asUser(
        worker,
        node,
        fd ->
            sized(
                worker,
                room,
                Sys.call(Nr.LISTXATTR, Descriptors.procPath(worker, fd), worker.out(), room)));
  }

  private static int size(long body) {
    return Math.clamp(RawMemory.u32(body), 0, MAX_XATTR);
  }

  /** With no room, the answer is how much is needed. */
  private static int sized(Worker worker, int room, long r) {
    if (r < 0 || room > 0) {
      return (int) r;
    }
    RawMemory.i64(worker.out(), r);
    return 8;
  }

  int removexattr(Worker worker, Node node, Request request) {
    long name = request.body();
    return descriptors.asUser(
        worker,
        node,
        fd -> Operations.result(Sys.call(Nr.REMOVEXATTR, Descriptors.procPath(worker, fd), name)));
  }
}
