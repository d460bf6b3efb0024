package hob.files.home;

import hob.files.frame.FileFrame;
import hob.linux.Errno;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;
import hob.linux.fuse.FuseLayout;

/** Calls about contents. For one worker. */
final class Data {
  private static final int O_APPEND = 02000;
  private static final int RWF_APPEND = 0x10;
  private static final int NOBODY = 65534;

  /** With less room than this on its file system, a write is waited for. */
  private static final long ROOM_BYTES = 256L << 20;

  /** How many bytes are written before one looks again. */
  private static final long LOOK_BYTES = 16L << 20;

  private static final Credentials NO_ONE = new Credentials(NOBODY, NOBODY, new int[0]);

  private final Guest guest;
  private final Descriptors descriptors;
  private final Operations operations;
  private long sinceLook = LOOK_BYTES;
  private boolean room;
  private long lookedAt;

  Data(Guest guest, Descriptors descriptors, Operations operations) {
    this.guest = guest;
    this.descriptors = descriptors;
    this.operations = operations;
  }

  int read(Worker worker, Node node, long body) {
    int fd = descriptors.openRead(worker, node);
    if (fd < 0) {
      return fd;
    }
    try {
      int size = Math.min(RawMemory.i32(body + FuseLayout.READ_SIZE), FileFrame.MAX_DATA);
      long offset = RawMemory.i64(body + FuseLayout.READ_OFFSET);
      return (int) Sys.call(Nr.PREAD64, fd, worker.out(), Math.max(0, size), offset);
    } finally {
      descriptors.release(node);
    }
  }

  int write(Worker worker, Node node, Request request) {
    long body = request.body();
    int size = RawMemory.i32(body + FuseLayout.WRITE_SIZE);
    if (size < 0 || size > request.bodyBytes() - FuseLayout.WRITE_BYTES) {
      return -Errno.EINVAL.number();
    }
    int fd = descriptors.openWrite(worker, node);
    long done = fd < 0 ? fd : write(worker, node, fd, body, size);
    if (fd >= 0) {
      look(worker, node, fd, size, Operations.isFull(done));
      descriptors.release(node);
      guest.writes(node);
    }
    if (request.behind && done != size) {
      done = done < 0 ? done : -Errno.EIO.number();
      // The foreign kernel believes in what is not there.
      guest.outbox().inode(node, 0);
      guest.scheduleFlush();
    }
    operations.mark((done >= 0 ? FileFrame.WRITABLE : 0) | (room ? FileFrame.BEHIND_OK : 0));
    if (done < 0) {
      return (int) done;
    }
    RawMemory.i32(worker.out(), (int) done);
    RawMemory.i32(worker.out() + 4, 0);
    return FuseLayout.WRITE_OUT_BYTES;
  }

  private long write(Worker worker, Node node, int fd, long body, int size) {
    if ((RawMemory.i32(body + FuseLayout.WRITE_WRITE_FLAGS) & FuseLayout.WRITE_KILL_SUIDGID) != 0) {
      worker.identity().user(NO_ONE);
    }
    long offset = RawMemory.i64(body + FuseLayout.WRITE_OFFSET);
    boolean append =
        (RawMemory.i32(body + FuseLayout.WRITE_FLAGS) & O_APPEND) != 0
            && (RawMemory.i32(body + FuseLayout.WRITE_WRITE_FLAGS) & FuseLayout.WRITE_CACHE) == 0;
    long from = body + FuseLayout.WRITE_BYTES;
    int done = 0;
    while (done < size) {
      long n =
          append
              ? append(worker, fd, from + done, size - done)
              : Sys.call(Nr.PWRITE64, fd, from + done, size - done, offset + done);
      if (n < 0) {
        return done > 0 ? done : n;
      }
      done += (int) n;
    }
    if (append
        && worker.statx(fd) == 0
        && RawMemory.i64(worker.stat() + Attributes.STATX_SIZE) != offset + size) {
      // Somebody else had appended: the foreign kernel has these bytes at the wrong place.
      guest.outbox().inode(node, 0);
      guest.scheduleFlush();
    }
    return done;
  }

  private static long append(Worker worker, int fd, long from, int bytes) {
    long vector = worker.scratch();
    RawMemory.i64(vector, from);
    RawMemory.i64(vector + 8, bytes);
    return Sys.call(Nr.PWRITEV2, fd, vector, 1, -1, -1, RWF_APPEND);
  }

  private void look(Worker worker, Node node, int fd, int bytes, boolean full) {
    sinceLook += bytes;
    // There may be room on one file system and none on another.
    boolean other = node.mount.fileSystem() != lookedAt;
    lookedAt = node.mount.fileSystem();
    if (full) {
      room = false;
      sinceLook = 0;
    } else if (sinceLook >= LOOK_BYTES || !room || other) {
      room = hasRoom(worker, fd);
      sinceLook = 0;
    }
  }

  /** Whether a file system has so much room that a write cannot fail for the lack of it. */
  static boolean hasRoom(Worker worker, int fd) {
    long at = worker.scratch();
    if (Sys.call(Nr.FSTATFS, fd, at) < 0) {
      return false;
    }
    long blockBytes = RawMemory.i64(at + 8);
    long available = RawMemory.i64(at + 32);
    return available > ROOM_BYTES / Math.max(1, blockBytes);
  }

  int fsync(Worker worker, Node node, long body) {
    // Whatever of the file is dirty, whoever wrote it: any descriptor does.
    int fd;
    synchronized (node) {
      fd = node.writeFd;
      if (fd >= 0) {
        node.users++;
      }
    }
    if (fd < 0) {
      fd = descriptors.openRead(worker, node);
      if (Errno.EACCES.is(fd)) {
        fd = descriptors.openWrite(worker, node);
      }
    }
    if (fd < 0) {
      return fd;
    }
    try {
      int flags = RawMemory.i32(body + FuseLayout.FSYNC_FLAGS);
      boolean dataOnly = (flags & FuseLayout.FSYNC_DATASYNC) != 0;
      return Operations.result(Sys.call(dataOnly ? Nr.FDATASYNC : Nr.FSYNC, fd));
    } finally {
      descriptors.release(node);
    }
  }

  int fallocate(Worker worker, Node node, long body) {
    int fd = descriptors.openWrite(worker, node);
    if (fd < 0) {
      return fd;
    }
    try {
      long r =
          Sys.call(
              Nr.FALLOCATE,
              fd,
              RawMemory.i32(body + FuseLayout.FALLOCATE_MODE),
              RawMemory.i64(body + FuseLayout.FALLOCATE_OFFSET),
              RawMemory.i64(body + FuseLayout.FALLOCATE_LENGTH));
      return Operations.result(r);
    } finally {
      descriptors.release(node);
      guest.writes(node);
    }
  }

  int lseek(Worker worker, Node node, long body) {
    int fd = descriptors.openRead(worker, node);
    if (fd < 0) {
      return fd;
    }
    try {
      long r =
          Sys.call(
              Nr.LSEEK,
              fd,
              RawMemory.i64(body + FuseLayout.LSEEK_OFFSET),
              RawMemory.i32(body + FuseLayout.LSEEK_WHENCE));
      if (r < 0) {
        return (int) r;
      }
      RawMemory.i64(worker.out(), r);
      return 8;
    } finally {
      descriptors.release(node);
    }
  }

  /** Within the home: no byte travels. */
  int copy(Worker worker, Node from, long body, boolean wide) {
    Node to = operations.other(RawMemory.i64(body + FuseLayout.COPY_NODEID_OUT));
    if (to == null) {
      return -Errno.ESTALE.number();
    }
    int in = descriptors.openRead(worker, from);
    if (in < 0) {
      return in;
    }
    int out = descriptors.openWrite(worker, to);
    if (out < 0) {
      descriptors.release(from);
      return out;
    }
    try {
      long offsets = worker.scratch();
      RawMemory.i64(offsets, RawMemory.i64(body + FuseLayout.COPY_OFF_IN));
      RawMemory.i64(offsets + 8, RawMemory.i64(body + FuseLayout.COPY_OFF_OUT));
      long length = RawMemory.i64(body + FuseLayout.COPY_LEN);
      long most = wide ? length : Math.min(length, Integer.MAX_VALUE & ~0xfffL);
      long r = Sys.call(Nr.COPY_FILE_RANGE, in, offsets, out, offsets + 8, most, 0);
      if (r < 0) {
        return (int) r;
      }
      RawMemory.i64(worker.out(), r);
      return 8;
    } finally {
      descriptors.release(to);
      descriptors.release(from);
      guest.writes(to);
    }
  }
}
