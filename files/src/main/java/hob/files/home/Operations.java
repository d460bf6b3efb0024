package hob.files.home;

import hob.files.frame.FileFrame;
import hob.linux.Errno;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;
import hob.linux.fuse.FuseLayout;
import hob.linux.fuse.FuseOpcode;
import org.jspecify.annotations.Nullable;

/**
 * Carries out requests: finds the files that they are about and hands on to the class for each kind
 * of call. One for each worker; results are bytes from {@link Worker#out} on, or {@code -errno}.
 */
final class Operations {
  /** The result of a request that is not answered, or not yet. */
  static final int NO_REPLY = Integer.MIN_VALUE;

  private final Guest guest;
  private final Names names;
  private final Data data;
  private final Directories directories;
  private final Metadata metadata;
  private int flags;
  private int aux;

  Operations(Guest guest, Descriptors descriptors) {
    this.guest = guest;
    names = new Names(guest, descriptors, this);
    data = new Data(guest, descriptors, this);
    directories = new Directories(descriptors, names);
    metadata = new Metadata(descriptors);
  }

  /** Carries out one. */
  int perform(Worker worker, Request request) {
    flags = request.behind ? FileFrame.BEHIND : 0;
    boolean counted = request.behind && request.opcode() == FuseOpcode.WRITE;
    aux = counted ? request.bodyBytes() - FuseLayout.WRITE_BYTES : 0;
    try {
      return performed(worker, request);
    } finally {
      over(request);
    }
  }

  /** Does not carry it out, as that was done before. */
  void repeat(Request request, int earlierFlags, int earlierAux) {
    flags = earlierFlags;
    aux = earlierAux;
    over(request);
  }

  private void over(Request request) {
    Node node = request.node;
    if (request.behind && node != null) {
      node.behind.decrementAndGet();
      guest.behindDone();
    }
  }

  private int performed(Worker worker, Request request) {
    int opcode = request.opcode();
    if (opcode == FuseOpcode.FORGET) {
      guest.forget(request.nodeId(), RawMemory.i64(request.body()));
      return NO_REPLY;
    }
    if (opcode == FuseOpcode.BATCH_FORGET) {
      forgetMany(request);
      return NO_REPLY;
    }
    if (opcode == FuseOpcode.INTERRUPT) {
      guest.locks().interrupt(worker, RawMemory.i64(request.body()));
      return NO_REPLY;
    }
    Node node = request.node;
    if (node == null) {
      return -Errno.ESTALE.number();
    }
    int least = leastBytes(opcode);
    if (request.bodyBytes() < least) {
      return -Errno.EINVAL.number();
    }
    if (node.mount.kind() == Mount.Kind.HIDDEN) {
      return hidden(worker, node, opcode);
    }
    return perform(worker, request, node, opcode);
  }

  private int perform(Worker worker, Request request, Node node, int opcode) {
    return switch (opcode) {
      case FuseOpcode.LOOKUP -> names.lookup(worker, node, request);
      case FuseOpcode.GETATTR -> metadata.getattr(worker, node);
      case FuseOpcode.SETATTR -> metadata.setattr(worker, node, request.body());
      case FuseOpcode.READLINK -> metadata.readlink(worker, node);
      case FuseOpcode.SYMLINK -> names.symlink(worker, node, request);
      case FuseOpcode.MKNOD -> names.mknod(worker, node, request);
      case FuseOpcode.MKDIR -> names.mkdir(worker, node, request);
      case FuseOpcode.UNLINK -> names.unlink(worker, node, request, 0);
      case FuseOpcode.RMDIR -> names.unlink(worker, node, request, Names.AT_REMOVEDIR);
      case FuseOpcode.RENAME -> names.rename(worker, node, request, FuseLayout.RENAME_BYTES, 0);
      case FuseOpcode.RENAME2 ->
          names.rename(
              worker,
              node,
              request,
              FuseLayout.RENAME2_BYTES,
              RawMemory.i32(request.body() + FuseLayout.RENAME2_FLAGS));
      case FuseOpcode.LINK -> names.link(worker, node, request);
      case FuseOpcode.CREATE -> names.create(worker, node, request);
      case FuseOpcode.TMPFILE -> names.tmpfile(worker, node, request);
      case FuseOpcode.READ -> data.read(worker, node, request.body());
      case FuseOpcode.WRITE -> data.write(worker, node, request);
      case FuseOpcode.FSYNC, FuseOpcode.FSYNCDIR -> data.fsync(worker, node, request.body());
      case FuseOpcode.FALLOCATE -> data.fallocate(worker, node, request.body());
      case FuseOpcode.LSEEK -> data.lseek(worker, node, request.body());
      case FuseOpcode.COPY_FILE_RANGE, FuseOpcode.COPY_FILE_RANGE_64 ->
          data.copy(worker, node, request.body(), opcode == FuseOpcode.COPY_FILE_RANGE_64);
      case FuseOpcode.STATFS -> metadata.statfs(worker, node);
      case FuseOpcode.SETXATTR -> metadata.setxattr(worker, node, request);
      case FuseOpcode.GETXATTR -> metadata.getxattr(worker, node, request);
      case FuseOpcode.LISTXATTR -> metadata.listxattr(worker, node, request.body());
      case FuseOpcode.REMOVEXATTR -> metadata.removexattr(worker, node, request);
      case FuseOpcode.READDIR -> directories.read(worker, node, request.body(), false);
      case FuseOpcode.READDIRPLUS -> directories.read(worker, node, request.body(), true);
      case FuseOpcode.GETLK, FuseOpcode.SETLK, FuseOpcode.SETLKW ->
          guest.locks().perform(worker, node, request, opcode);
      default -> -Errno.ENOSYS.number();
    };
  }

  /** How much must follow the header, so that nothing is read that was not sent. */
  private static int leastBytes(int opcode) {
    return switch (opcode) {
      case FuseOpcode.SETATTR -> FuseLayout.SETATTR_GID + 8;
      case FuseOpcode.MKNOD -> FuseLayout.MKNOD_BYTES;
      case FuseOpcode.MKDIR -> FuseLayout.MKDIR_BYTES;
      case FuseOpcode.RENAME -> FuseLayout.RENAME_BYTES;
      case FuseOpcode.RENAME2 -> FuseLayout.RENAME2_BYTES;
      case FuseOpcode.LINK -> FuseLayout.LINK_BYTES;
      case FuseOpcode.CREATE, FuseOpcode.TMPFILE -> FuseLayout.CREATE_BYTES;
      case FuseOpcode.READ, FuseOpcode.READDIR, FuseOpcode.READDIRPLUS -> FuseLayout.READ_BYTES;
      case FuseOpcode.WRITE -> FuseLayout.WRITE_BYTES;
      case FuseOpcode.FSYNC, FuseOpcode.FSYNCDIR -> 16;
      case FuseOpcode.FALLOCATE -> 32;
      case FuseOpcode.LSEEK -> 24;
      case FuseOpcode.COPY_FILE_RANGE, FuseOpcode.COPY_FILE_RANGE_64 -> 56;
      case FuseOpcode.SETXATTR -> FuseLayout.SETXATTR_BYTES;
      case FuseOpcode.GETXATTR, FuseOpcode.LISTXATTR -> FuseLayout.GETXATTR_BYTES;
      case FuseOpcode.GETLK, FuseOpcode.SETLK, FuseOpcode.SETLKW -> 48;
      default -> 0;
    };
  }

  /** An empty directory where the home has a file system of its kernel's own. */
  private int hidden(Worker worker, Node node, int opcode) {
    return switch (opcode) {
      case FuseOpcode.LOOKUP -> {
        Attributes.noEntry(worker.out(), node);
        yield FuseLayout.ENTRY_BYTES;
      }
      case FuseOpcode.GETATTR -> metadata.getattr(worker, node);
      case FuseOpcode.STATFS -> metadata.statfs(worker, node);
      case FuseOpcode.READDIR, FuseOpcode.READDIRPLUS -> 0;
      case FuseOpcode.GETXATTR, FuseOpcode.LISTXATTR -> -Errno.ENOTSUP.number();
      default -> -Errno.EACCES.number();
    };
  }

  private void forgetMany(Request request) {
    int count = RawMemory.i32(request.body());
    int room = (request.bodyBytes() - 8) / 16;
    for (int i = 0; i < Math.min(count, room); i++) {
      long one = request.body() + 8 + 16L * i;
      guest.forget(RawMemory.i64(one), RawMemory.i64(one + 8));
    }
  }

  /** Flags of the answer, see {@link FileFrame}. */
  int flags() {
    return flags;
  }

  int aux() {
    return aux;
  }

  /** Marks the answer. */
  void mark(int moreFlags) {
    flags |= moreFlags;
  }

  /** The node of a second number in a request. */
  @Nullable Node other(long id) {
    return guest.nodes().get(id);
  }

  /** A raw call's result as an operation's. */
  static int result(long r) {
    return Sys.failed(r) ? (int) r : 0;
  }

  /** Makes room after a write has failed for lack of it. */
  static boolean isFull(long r) {
    return Errno.ENOSPC.is(r) || Errno.EDQUOT.is(r);
  }

  /** {@code close(2)}. */
  static void close(long fd) {
    Sys.call(Nr.CLOSE, fd);
  }
}
