package hob.files.home;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;

/**
 * Opens files for nodes. Each {@code open...} that does not fail must be followed by {@link
 * #release}; between the two the descriptor stays open. Any thread.
 */
final class Descriptors {
  private static final byte[] PROC = {
    '/', 'p', 'r', 'o', 'c', '/', 's', 'e', 'l', 'f', '/', 'f', 'd', '/'
  };

  /** Neither wait for anything nor become anyone's terminal. */
  private static final int SAFE = Fd.O_CLOEXEC | Fd.O_NONBLOCK | Fd.O_NOCTTY;

  private final DescriptorCache cache;

  Descriptors(DescriptorCache cache) {
    this.cache = cache;
  }

  /** The address of {@code /proc/self/fd/N}, valid until the worker makes another. */
  static long procPath(Worker worker, int fd) {
    long at = worker.path();
    RawMemory.put(at, PROC, 0, PROC.length);
    RawMemory.decimal(at + PROC.length, fd);
    return at;
  }

  /** The O_PATH descriptor or {@code -errno}: ESTALE when the file is gone. */
  int openPath(Worker worker, Node node) {
    node.recent = true;
    int fd;
    boolean fresh;
    synchronized (node) {
      fresh = node.pathFd < 0;
      fd = path(worker, node);
      if (fd < 0) {
        return fd;
      }
      node.users++;
    }
    if (fresh) {
      cache.opened(node);
    }
    return fd;
  }

  /** What is done with a file's or a directory's O_PATH descriptor. */
  interface Call {
    /** An answer's length, 0, or {@code -errno}. */
    int with(int fd);
  }

  /**
   * Opens an O_PATH descriptor and does something with it as the user.
   *
   * @return what {@code call} returned, or {@code -errno}
   */
  int asUser(Worker worker, Node node, Call call) {
    int fd = openPath(worker, node);
    if (fd < 0) {
      return fd;
    }
    try {
      worker.asUser();
      return call.with(fd);
    } finally {
      release(node);
    }
  }

  /** Under the node's monitor. */
  private int path(Worker worker, Node node) {
    if (node.pathFd >= 0) {
      return node.pathFd;
    }
    if (!node.mount.decodable()) {
      return -Errno.ESTALE.number();
    }
    worker.identity().root();
    byte[] handle = node.file.handle();
    long at = worker.scratch();
    RawMemory.i32(at, handle.length);
    RawMemory.i32(at + 4, node.file.type());
    RawMemory.put(at + 8, handle, 0, handle.length);
    long fd =
        Sys.call(
            Nr.OPEN_BY_HANDLE_AT,
            node.mount.root().number(),
            at,
            Fd.O_PATH | Fd.O_NOFOLLOW | Fd.O_CLOEXEC);
    if (fd >= 0) {
      node.pathFd = (int) fd;
    }
    return (int) fd;
  }

  /** A descriptor to read a regular file or a directory with, or {@code -errno}. */
  int openRead(Worker worker, Node node) {
    return openData(worker, node, false);
  }

  /** A descriptor to write a regular file with, or {@code -errno}. */
  int openWrite(Worker worker, Node node) {
    return openData(worker, node, true);
  }

  private int openData(Worker worker, Node node, boolean write) {
    if (node.isDirectory() ? write : !node.isRegular()) {
      return node.isDirectory() ? -Errno.EISDIR.number() : -Errno.EINVAL.number();
    }
    node.recent = true;
    int opened = 0;
    int fd;
    synchronized (node) {
      fd = write ? node.writeFd : node.readFd;
      if (fd < 0) {
        boolean hadPath = node.pathFd >= 0;
        int path = path(worker, node);
        if (path < 0) {
          return path;
        }
        opened += hadPath ? 0 : 1;
        fd = reopen(worker, node, path, write);
        if (fd >= 0) {
          opened++;
          if (write) {
            node.writeFd = fd;
          } else {
            node.readFd = fd;
          }
          allowed(node, !write || node.mayRead, write || node.mayWrite);
        }
      }
      if (fd >= 0) {
        node.users++;
      }
    }
    for (; opened > 0; opened--) {
      cache.opened(node);
    }
    return fd;
  }

  /**
   * Opens as the user. What the user was allowed once stays allowed, as it does for who has a file
   * open; and an owner, who could change the mode, is not kept out by it.
   */
  private static int reopen(Worker worker, Node node, int path, boolean write) {
    long name = procPath(worker, path);
    worker.asUser();
    int flags = SAFE | (node.isDirectory() ? Fd.O_DIRECTORY : 0);
    long fd = open(name, flags, write);
    if (Errno.EACCES.is(fd) && ((write ? node.mayWrite : node.mayRead) || owns(worker, path))) {
      worker.identity().root();
      fd = open(name, flags, write);
    }
    return (int) fd;
  }

  private static long open(long name, int flags, boolean write) {
    if (!write) {
      return Sys.call(Nr.OPENAT, Fd.AT_FDCWD, name, flags | Fd.O_RDONLY);
    }
    long fd = Sys.call(Nr.OPENAT, Fd.AT_FDCWD, name, flags | Fd.O_RDWR);
    return Errno.EACCES.is(fd) ? Sys.call(Nr.OPENAT, Fd.AT_FDCWD, name, flags | Fd.O_WRONLY) : fd;
  }

  private static boolean owns(Worker worker, int path) {
    long r = worker.statx(path);
    return r == 0 && RawMemory.i32(worker.stat() + Attributes.STATX_UID) == worker.user().uid();
  }

  /** What the user may do from now on; under the node's monitor. */
  private static void allowed(Node node, boolean read, boolean write) {
    if (read != node.mayRead || write != node.mayWrite) {
      node.mayRead = read;
      node.mayWrite = write;
      node.guest.nodes().may(node);
    }
  }

  /** Takes a descriptor, open for reading and writing, of a file that the user has just made. */
  void adopt(Node node, int fd) {
    boolean taken;
    synchronized (node) {
      taken = node.writeFd < 0;
      if (taken) {
        node.writeFd = fd;
      }
      allowed(node, true, true);
    }
    if (taken) {
      cache.opened(node);
    } else {
      Sys.call(Nr.CLOSE, fd);
    }
  }

  /** Keeps an O_PATH descriptor for a node that has none; else closes it. */
  void keepPath(Node node, int fd) {
    boolean taken;
    synchronized (node) {
      taken = node.pathFd < 0;
      if (taken) {
        node.pathFd = fd;
        node.recent = true;
        if (!node.mount.decodable()) {
          pin(node);
        }
      }
    }
    if (taken) {
      cache.opened(node);
    } else {
      Sys.call(Nr.CLOSE, fd);
    }
  }

  /** Keeps a file that is about to lose its last name, for as long as the guest knows it. */
  void pin(Worker worker, Node node) {
    if (openPath(worker, node) >= 0) {
      pin(node);
      release(node);
    }
  }

  /** The same for a file of which there is a descriptor already. */
  void pin(Node node) {
    synchronized (node) {
      node.pinned = true;
      node.guest.vault().put(Vault.Tag.file(node), node.pathFd);
    }
  }

  /** Ends the use of a descriptor. */
  void release(Node node) {
    synchronized (node) {
      node.users--;
    }
  }

  /** {@link DescriptorCache#drop}. */
  void drop(Node node) {
    cache.drop(node);
  }

  /** {@link DescriptorCache#closeWriter}. */
  void closeWriter(Node node) {
    cache.closeWriter(node);
  }
}
