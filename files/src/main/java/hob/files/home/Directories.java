package hob.files.home;

import hob.linux.Errno;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;
import hob.linux.fuse.FuseLayout;

/** Reads directories, with or without the attributes of what is in them. For one worker. */
final class Directories {
  // struct linux_dirent64
  private static final int D_INO = 0;
  private static final int D_OFF = 8;
  private static final int D_RECLEN = 16;
  private static final int D_TYPE = 18;
  private static final int D_NAME = 19;

  private static final int SEEK_SET = 0;

  private final Descriptors descriptors;
  private final Names names;

  Directories(Descriptors descriptors, Names names) {
    this.descriptors = descriptors;
    this.names = names;
  }

  int read(Worker worker, Node directory, long body, boolean plus) {
    if (!directory.isDirectory()) {
      return -Errno.ENOTDIR.number();
    }
    int fd = descriptors.openRead(worker, directory);
    if (fd < 0) {
      return fd;
    }
    try {
      int room = Math.clamp(RawMemory.u32(body + FuseLayout.READ_SIZE), 0, Worker.DIRECTORY_BYTES);
      long offset = RawMemory.i64(body + FuseLayout.READ_OFFSET);
      // An entry grows by what FUSE adds, so a smaller piece fills the answer.
      int piece = plus ? Math.max(1024, room / 5) : room;
      long bytes;
      // The descriptor's offset is the guest's, whose requests run side by side.
      synchronized (directory) {
        long r = Sys.call(Nr.LSEEK, fd, offset, SEEK_SET);
        bytes = r < 0 ? r : Sys.call(Nr.GETDENTS64, fd, worker.directory(), piece);
      }
      return bytes < 0 ? (int) bytes : fill(worker, directory, room, (int) bytes, plus);
    } finally {
      descriptors.release(directory);
    }
  }

  private int fill(Worker worker, Node directory, int room, int bytes, boolean plus) {
    int path = plus ? descriptors.openPath(worker, directory) : 0;
    if (path < 0) {
      return path;
    }
    worker.asUser();
    int used = 0;
    long end = worker.directory() + bytes;
    for (long at = worker.directory(); at < end; at += RawMemory.u16(at + D_RECLEN)) {
      int length = RawMemory.length(at + D_NAME, 256);
      int head = plus ? FuseLayout.ENTRY_BYTES : 0;
      int needed = head + (FuseLayout.DIRENT_BYTES + length + 7 & ~7);
      if (used + needed > room) {
        break;
      }
      long out = worker.out() + used;
      RawMemory.zero(out, needed);
      if (plus && !isDots(at + D_NAME, length)) {
        // One that has gone meanwhile, or may not be seen, is listed without attributes.
        if (names.find(worker, directory, path, at + D_NAME, out, false) < 0) {
          RawMemory.zero(out, head);
        }
      }
      dirent(out + head, directory, at, length);
      used += needed;
    }
    if (plus) {
      descriptors.release(directory);
    }
    return used;
  }

  private static void dirent(long out, Node directory, long at, int length) {
    RawMemory.i64(
        out + FuseLayout.DIRENT_INO, RawMemory.i64(at + D_INO) ^ directory.mount.inodeTag());
    RawMemory.i64(out + FuseLayout.DIRENT_OFF, RawMemory.i64(at + D_OFF));
    RawMemory.i32(out + FuseLayout.DIRENT_NAMELEN, length);
    RawMemory.i32(out + FuseLayout.DIRENT_TYPE, RawMemory.i8(at + D_TYPE) & 0xff);
    RawMemory.copy(at + D_NAME, out + FuseLayout.DIRENT_BYTES, length);
  }

  private static boolean isDots(long name, int length) {
    return RawMemory.i8(name) == '.'
        && (length == 1 || length == 2 && RawMemory.i8(name + 1) == '.');
  }
}
