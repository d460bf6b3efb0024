package hob.files.home;

import static hob.linux.fuse.FuseLayout.ATTR_ATIME;
import static hob.linux.fuse.FuseLayout.ATTR_ATIMENSEC;
import static hob.linux.fuse.FuseLayout.ATTR_BLKSIZE;
import static hob.linux.fuse.FuseLayout.ATTR_BLOCKS;
import static hob.linux.fuse.FuseLayout.ATTR_CTIME;
import static hob.linux.fuse.FuseLayout.ATTR_CTIMENSEC;
import static hob.linux.fuse.FuseLayout.ATTR_FLAGS;
import static hob.linux.fuse.FuseLayout.ATTR_GID;
import static hob.linux.fuse.FuseLayout.ATTR_INO;
import static hob.linux.fuse.FuseLayout.ATTR_MODE;
import static hob.linux.fuse.FuseLayout.ATTR_MTIME;
import static hob.linux.fuse.FuseLayout.ATTR_MTIMENSEC;
import static hob.linux.fuse.FuseLayout.ATTR_NLINK;
import static hob.linux.fuse.FuseLayout.ATTR_OUT_ATTR;
import static hob.linux.fuse.FuseLayout.ATTR_OUT_VALID;
import static hob.linux.fuse.FuseLayout.ATTR_OUT_VALID_NSEC;
import static hob.linux.fuse.FuseLayout.ATTR_RDEV;
import static hob.linux.fuse.FuseLayout.ATTR_SIZE;
import static hob.linux.fuse.FuseLayout.ATTR_UID;
import static hob.linux.fuse.FuseLayout.ENTRY_ATTR;
import static hob.linux.fuse.FuseLayout.ENTRY_ATTR_VALID;
import static hob.linux.fuse.FuseLayout.ENTRY_ATTR_VALID_NSEC;
import static hob.linux.fuse.FuseLayout.ENTRY_BYTES;
import static hob.linux.fuse.FuseLayout.ENTRY_GENERATION;
import static hob.linux.fuse.FuseLayout.ENTRY_NODEID;
import static hob.linux.fuse.FuseLayout.ENTRY_VALID;
import static hob.linux.fuse.FuseLayout.ENTRY_VALID_NSEC;

import hob.files.home.Mount.Kind;
import hob.linux.RawMemory;

/** Turns what {@code statx(2)} says into what FUSE wants to hear. Any thread. */
final class Attributes {
  static final int STATX_BYTES = 256;
  static final int STATX_NLINK = 16;
  static final int STATX_UID = 20;
  static final int STATX_MODE = 28;
  static final int STATX_SIZE = 40;

  /** For ever: what changes is told. */
  private static final long EVER_SECONDS = 1_000_000_000;

  private Attributes() {}

  /** How long the foreign kernel may believe what it was told of files on {@code mount}. */
  private static long seconds(Mount mount) {
    return mount.kind() == Kind.WATCHED || mount.kind() == Kind.HIDDEN ? EVER_SECONDS : 1;
  }

  /** Writes a {@code fuse_entry_out} of a file that was found. */
  static void entry(long out, Node node, long stat) {
    RawMemory.i64(out + ENTRY_NODEID, node.id);
    RawMemory.i64(out + ENTRY_GENERATION, 0);
    RawMemory.i64(out + ENTRY_VALID, seconds(node.mount));
    RawMemory.i64(out + ENTRY_ATTR_VALID, seconds(node.mount));
    RawMemory.i32(out + ENTRY_VALID_NSEC, 0);
    RawMemory.i32(out + ENTRY_ATTR_VALID_NSEC, 0);
    attr(out + ENTRY_ATTR, node.mount, stat);
  }

  /** Writes a {@code fuse_entry_out} that says that there is no such name in a directory. */
  static void noEntry(long out, Node directory) {
    RawMemory.zero(out, ENTRY_BYTES);
    RawMemory.i64(out + ENTRY_VALID, seconds(directory.mount));
  }

  /** Writes a {@code fuse_attr_out}. */
  static void attrOut(long out, Node node, long stat) {
    RawMemory.i64(out + ATTR_OUT_VALID, seconds(node.mount));
    RawMemory.i64(out + ATTR_OUT_VALID_NSEC, 0);
    attr(out + ATTR_OUT_ATTR, node.mount, stat);
  }

  private static void attr(long out, Mount mount, long stat) {
    RawMemory.i64(out + ATTR_INO, RawMemory.i64(stat + 32) ^ mount.inodeTag());
    RawMemory.i64(out + ATTR_SIZE, RawMemory.i64(stat + STATX_SIZE));
    RawMemory.i64(out + ATTR_BLOCKS, RawMemory.i64(stat + 48));
    RawMemory.i64(out + ATTR_ATIME, RawMemory.i64(stat + 64));
    RawMemory.i64(out + ATTR_MTIME, RawMemory.i64(stat + 112));
    RawMemory.i64(out + ATTR_CTIME, RawMemory.i64(stat + 96));
    RawMemory.i32(out + ATTR_ATIMENSEC, RawMemory.i32(stat + 72));
    RawMemory.i32(out + ATTR_MTIMENSEC, RawMemory.i32(stat + 120));
    RawMemory.i32(out + ATTR_CTIMENSEC, RawMemory.i32(stat + 104));
    RawMemory.i32(out + ATTR_MODE, RawMemory.u16(stat + STATX_MODE));
    RawMemory.i32(out + ATTR_NLINK, RawMemory.i32(stat + STATX_NLINK));
    RawMemory.i32(out + ATTR_UID, RawMemory.i32(stat + STATX_UID));
    RawMemory.i32(out + ATTR_GID, RawMemory.i32(stat + 24));
    RawMemory.i32(out + ATTR_RDEV, device(RawMemory.i32(stat + 128), RawMemory.i32(stat + 132)));
    RawMemory.i32(out + ATTR_BLKSIZE, RawMemory.i32(stat + 4));
    RawMemory.i32(out + ATTR_FLAGS, 0);
  }

  /** The kernel's new_encode_dev. */
  private static int device(int major, int minor) {
    return (minor & 0xff) | major << 8 | (minor & ~0xff) << 12;
  }
}
