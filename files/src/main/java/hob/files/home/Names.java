package hob.files.home;

import hob.files.frame.FileFrame;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;
import hob.linux.fanotify.FileId;
import hob.linux.fuse.FuseLayout;
import org.jspecify.annotations.Nullable;

/** Calls about names in directories. For one worker. */
final class Names {
  static final int AT_REMOVEDIR = 0x200;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int AT_SYMLINK_FOLLOW = 0x400;

  /** Since Linux 6.12; older kernels say EINVAL. */
  private static final int AT_HANDLE_MNT_ID_UNIQUE = 0x1;

  private static final int MAX_HANDLE = 128;
  private static final long DOT = RawMemory.constant(".");
  private static final long ACCESS_LIST = RawMemory.constant("system.posix_acl_access");

  private final Guest guest;
  private final Descriptors descriptors;
  private final Operations operations;

  Names(Guest guest, Descriptors descriptors, Operations operations) {
    this.guest = guest;
    this.descriptors = descriptors;
    this.operations = operations;
  }

  private static int invalid() {
    return -Errno.EINVAL.number();
  }

  int lookup(Worker worker, Node directory, Request request) {
    long name = request.name(0);
    return name == 0
        ? invalid()
        : descriptors.asUser(worker, directory, fd -> entry(worker, directory, fd, name));
  }

  /** Answers with the entry of a name, which there may not be. */
  private int entry(Worker worker, Node directory, int fd, long name) {
    int r = find(worker, directory, fd, name, worker.out(), true);
    if (Errno.ENOENT.is(r)) {
      Attributes.noEntry(worker.out(), directory);
      guest.nodes().absent(directory.id, RawMemory.bytes(name, RawMemory.length(name, 256)));
      return FuseLayout.ENTRY_BYTES;
    }
    return r < 0 ? r : FuseLayout.ENTRY_BYTES;
  }

  /**
   * Looks a name up and writes its {@code fuse_entry_out}.
   *
   * @param keep whether its descriptor is to be kept: it will be used soon
   * @return 0 or {@code -errno}
   */
  int find(Worker worker, Node directory, int fd, long name, long out, boolean keep) {
    long found = Sys.call(Nr.OPENAT, fd, name, Fd.O_PATH | Fd.O_NOFOLLOW | Fd.O_CLOEXEC);
    if (found < 0) {
      return (int) found;
    }
    byte[] text = RawMemory.bytes(name, RawMemory.length(name, 256));
    Node node = register(worker, (int) found, new Node.Place(directory.id, text));
    return answer(worker, node, (int) found, out, keep);
  }

  private int answer(Worker worker, Node node, int fd, long out, boolean keep) {
    // Only now that changes of it are told to this guest.
    long r = worker.statx(fd);
    if (keep || !node.mount.decodable()) {
      descriptors.keepPath(node, fd);
    } else {
      Operations.close(fd);
    }
    if (r < 0) {
      guest.forget(node.id, 1);
      return (int) r;
    }
    Attributes.entry(out, node, worker.stat());
    return 0;
  }

  /** The node of an open file, which from now on is told of its changes. */
  Node register(Worker worker, int fd, Node.@Nullable Place place) {
    worker.statx(fd);
    int type = RawMemory.u16(worker.stat() + Attributes.STATX_MODE) & Node.S_IFMT;
    Found found = identify(worker, fd);
    worker.asUser();
    guest.keepMount(found.mount, fd, found.handles);
    return guest.register(found.mount, found.file, type, hasNoList(worker, fd, type), place);
  }

  /** What a descriptor is of. */
  private record Found(Mount mount, FileId file, boolean handles) {}

  /** May leave the worker acting as root. {@link Worker#statx} must have been called. */
  private Found identify(Worker worker, int fd) {
    long at = worker.scratch();
    RawMemory.i32(at, MAX_HANDLE);
    long mountId = at + 8 + MAX_HANDLE;
    RawMemory.i64(mountId, 0);
    long r = handle(fd, at, mountId, AT_EMPTY_PATH | AT_HANDLE_MNT_ID_UNIQUE);
    if (Errno.EINVAL.is(r)) {
      r = handle(fd, at, mountId, AT_EMPTY_PATH);
    }
    boolean handles = r == 0;
    long stat = worker.stat();
    long id = handles ? RawMemory.i64(mountId) : RawMemory.i64(stat + 144) | 1L << 63;
    int handleType = handles ? RawMemory.i32(at + 4) : -1;
    byte[] handle =
        handles ? RawMemory.bytes(at + 8, RawMemory.i32(at)) : RawMemory.bytes(stat + 32, 8);
    Mount mount = guest.mounts().get(id, worker, fd, handles);
    return new Found(mount, new FileId(mount.fileSystem(), handleType, handle), handles);
  }

  private static long handle(int fd, long at, long mountId, int flags) {
    return Sys.call(Nr.NAME_TO_HANDLE_AT, fd, Worker.EMPTY, at, mountId, flags, 0);
  }

  /** Saves the foreign kernel asking for the access control list of each file. */
  private static long hasNoList(Worker worker, int fd, int type) {
    if (type != Node.S_IFREG && type != Node.S_IFDIR) {
      return 0;
    }
    long r = Sys.call(Nr.GETXATTR, Descriptors.procPath(worker, fd), ACCESS_LIST, 0, 0);
    return Errno.ENODATA.is(r) || Errno.ENOTSUP.is(r) ? FileFrame.NO_ACL : 0;
  }

  private int madeEntry(Worker worker, Node directory, int fd, long name) {
    int r = find(worker, directory, fd, name, worker.out(), true);
    return r < 0 ? r : FuseLayout.ENTRY_BYTES;
  }

  int symlink(Worker worker, Node directory, Request request) {
    long name = request.name(0);
    if (name == 0) {
      return invalid();
    }
    long target = name + RawMemory.length(name, 256) + 1;
    if (target >= request.body() + request.bodyBytes()) {
      return invalid();
    }
    return descriptors.asUser(
        worker,
        directory,
        fd -> {
          long r = Sys.call(Nr.SYMLINKAT, target, fd, name);
          return r < 0 ? (int) r : madeEntry(worker, directory, fd, name);
        });
  }

  int mknod(Worker worker, Node directory, Request request) {
    long name = request.name(FuseLayout.MKNOD_BYTES);
    if (name == 0) {
      return invalid();
    }
    long body = request.body();
    return descriptors.asUser(
        worker,
        directory,
        fd -> {
          worker.umask(RawMemory.i32(body + FuseLayout.MKNOD_UMASK));
          long r =
              Sys.call(
                  Nr.MKNODAT,
                  fd,
                  name,
                  RawMemory.i32(body + FuseLayout.MKNOD_MODE),
                  RawMemory.i32(body + FuseLayout.MKNOD_RDEV));
          return r < 0 ? (int) r : madeEntry(worker, directory, fd, name);
        });
  }

  int mkdir(Worker worker, Node directory, Request request) {
    long name = request.name(FuseLayout.MKDIR_BYTES);
    if (name == 0) {
      return invalid();
    }
    long body = request.body();
    return descriptors.asUser(
        worker,
        directory,
        fd -> {
          worker.umask(RawMemory.i32(body + FuseLayout.MKDIR_UMASK));
          long r = Sys.call(Nr.MKDIRAT, fd, name, RawMemory.i32(body + FuseLayout.MKDIR_MODE));
          return r < 0 ? (int) r : madeEntry(worker, directory, fd, name);
        });
  }

  int unlink(Worker worker, Node directory, Request request, int flags) {
    long name = request.name(0);
    return name == 0
        ? invalid()
        : descriptors.asUser(
            worker,
            directory,
            fd -> {
              pin(worker, fd, name);
              worker.asUser();
              return Operations.result(Sys.call(Nr.UNLINKAT, fd, name, flags));
            });
  }

  /** Keeps a file that is about to lose this name, if it is its last and guests know the file. */
  private void pin(Worker worker, int fd, long name) {
    long found = Sys.call(Nr.OPENAT, fd, name, Fd.O_PATH | Fd.O_NOFOLLOW | Fd.O_CLOEXEC);
    if (found < 0) {
      return;
    }
    if (worker.statx((int) found) == 0
        && RawMemory.i32(worker.stat() + Attributes.STATX_NLINK) <= 1) {
      guest.pinAll(worker, identify(worker, (int) found).file);
    }
    Operations.close(found);
  }

  int rename(Worker worker, Node from, Request request, int offset, int flags) {
    long oldName = request.name(offset);
    if (oldName == 0) {
      return invalid();
    }
    long newName = request.name(offset + RawMemory.length(oldName, 256) + 1);
    Node to = operations.other(RawMemory.i64(request.body() + FuseLayout.RENAME_NEWDIR));
    if (newName == 0) {
      return invalid();
    }
    if (to == null) {
      return -Errno.ESTALE.number();
    }
    return descriptors.asUser(
        worker,
        from,
        fromFd ->
            descriptors.asUser(
                worker,
                to,
                toFd -> {
                  pin(worker, toFd, newName);
                  worker.asUser();
                  long r = Sys.call(Nr.RENAMEAT2, fromFd, oldName, toFd, newName, flags, 0);
                  return Operations.result(r);
                }));
  }

  int link(Worker worker, Node directory, Request request) {
    long name = request.name(FuseLayout.LINK_BYTES);
    Node file = operations.other(RawMemory.i64(request.body() + FuseLayout.LINK_OLDNODEID));
    if (name == 0) {
      return invalid();
    }
    if (file == null) {
      return -Errno.ESTALE.number();
    }
    int source = descriptors.openPath(worker, file);
    if (source < 0) {
      return source;
    }
    try {
      return descriptors.asUser(
          worker,
          directory,
          fd -> {
            long r =
                Sys.call(
                    Nr.LINKAT,
                    Fd.AT_FDCWD,
                    Descriptors.procPath(worker, source),
                    fd,
                    name,
                    AT_SYMLINK_FOLLOW,
                    0);
            return r < 0 ? (int) r : madeEntry(worker, directory, fd, name);
          });
    } finally {
      descriptors.release(file);
    }
  }

  int create(Worker worker, Node directory, Request request) {
    long name = request.name(FuseLayout.CREATE_BYTES);
    return name == 0
        ? invalid()
        : descriptors.asUser(
            worker, directory, fd -> create(worker, directory, fd, name, request.body()));
  }

  private int create(Worker worker, Node directory, int fd, long name, long body) {
    int flags = RawMemory.i32(body + FuseLayout.CREATE_FLAGS);
    worker.umask(RawMemory.i32(body + FuseLayout.CREATE_UMASK));
    // For reading too, whatever the process wants: this descriptor serves all of the guest's.
    long made =
        Sys.call(
            Nr.OPENAT,
            fd,
            name,
            Fd.O_RDWR | Fd.O_CREAT | Fd.O_EXCL | Fd.O_NOFOLLOW | Fd.O_CLOEXEC | Fd.O_NOCTTY,
            RawMemory.i32(body + FuseLayout.CREATE_MODE));
    if (Errno.EEXIST.is(made) && (flags & Fd.O_EXCL) == 0) {
      return createExisting(worker, directory, fd, name, flags);
    }
    if (made < 0) {
      return (int) made;
    }
    byte[] text = RawMemory.bytes(name, RawMemory.length(name, 256));
    return created(worker, (int) made, new Node.Place(directory.id, text));
  }

  /** Somebody made it since the foreign kernel looked. */
  private int createExisting(Worker worker, Node directory, int fd, long name, int flags) {
    int r = find(worker, directory, fd, name, worker.out(), true);
    if (r < 0) {
      return r;
    }
    Node node = operations.other(RawMemory.i64(worker.out() + FuseLayout.ENTRY_NODEID));
    if (node == null || !node.isRegular()) {
      // What CREATE cannot open: have the foreign kernel look again.
      guest.forget(RawMemory.i64(worker.out() + FuseLayout.ENTRY_NODEID), 1);
      return -Errno.ESTALE.number();
    }
    boolean write = (flags & 3) != Fd.O_RDONLY || (flags & Fd.O_TRUNC) != 0;
    int data = write ? descriptors.openWrite(worker, node) : descriptors.openRead(worker, node);
    if (data < 0) {
      guest.forget(node.id, 1);
      return data;
    }
    if ((flags & Fd.O_TRUNC) != 0) {
      Sys.call(Nr.FTRUNCATE, data, 0);
      if (worker.statx(data) == 0) {
        Attributes.entry(worker.out(), node, worker.stat());
      }
    }
    descriptors.release(node);
    return opened(worker, 0);
  }

  int tmpfile(Worker worker, Node directory, Request request) {
    return descriptors.asUser(
        worker,
        directory,
        fd -> {
          worker.umask(RawMemory.i32(request.body() + FuseLayout.CREATE_UMASK));
          int flags = RawMemory.i32(request.body() + FuseLayout.CREATE_FLAGS);
          long made =
              Sys.call(
                  Nr.OPENAT,
                  fd,
                  DOT,
                  Fd.O_TMPFILE_BIT
                      | Fd.O_DIRECTORY
                      | Fd.O_RDWR
                      | Fd.O_CLOEXEC
                      | (flags & Fd.O_EXCL),
                  RawMemory.i32(request.body() + FuseLayout.CREATE_MODE));
          return made < 0 ? (int) made : created(worker, (int) made, null);
        });
  }

  /** Answers with a file that was just made and is open. */
  private int created(Worker worker, int fd, Node.@Nullable Place place) {
    Node node = register(worker, fd, place);
    long r = worker.statx(fd);
    if (r < 0) {
      Operations.close(fd);
      return (int) r;
    }
    Attributes.entry(worker.out(), node, worker.stat());
    if (place == null || !node.mount.decodable()) {
      long path =
          Sys.call(
              Nr.OPENAT, Fd.AT_FDCWD, Descriptors.procPath(worker, fd), Fd.O_PATH | Fd.O_CLOEXEC);
      if (path >= 0) {
        descriptors.keepPath(node, (int) path);
      }
      descriptors.pin(node);
    }
    boolean room = Data.hasRoom(worker, fd);
    guest.writes(node);
    descriptors.adopt(node, fd);
    return opened(worker, FileFrame.WRITABLE | (room ? FileFrame.BEHIND_OK : 0));
  }

  private int opened(Worker worker, int flags) {
    RawMemory.zero(worker.out() + FuseLayout.ENTRY_BYTES, FuseLayout.OPEN_OUT_BYTES);
    operations.mark(flags);
    return FuseLayout.ENTRY_BYTES + FuseLayout.OPEN_OUT_BYTES;
  }
}
