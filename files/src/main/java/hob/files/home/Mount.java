package hob.files.home;

import hob.linux.Fd;

/**
 * A mount of the home that a guest has come to, with what is known of its file system. Immutable.
 *
 * @param id unique for as long as the machine runs; the old, reusable one on kernels before 6.12
 * @param root any open file on it, for {@code open_by_handle_at(2)}
 * @param fileSystem f_fsid
 * @param inodeTag to be xor'ed into inode numbers, so that those of different file systems differ;
 *     0 for the one that the root directory is on
 * @param kind how it is served
 */
record Mount(long id, Fd root, long fileSystem, long inodeTag, Kind kind) {
  /** What can be done with a file system. */
  enum Kind {
    /** Watched, and files are found again by their handles. */
    WATCHED,
    /** Nobody tells of changes, as on network file systems: cached for a second only. */
    UNWATCHED,
    /** As UNWATCHED, and a file is lost when its descriptor is closed. */
    WITHOUT_HANDLES,
    /** The kernel's own, which mean something else on each host: shown as an empty directory. */
    HIDDEN
  }

  /** Of its file system among those that guests have come to. */
  int number() {
    return (int) (inodeTag >>> 48);
  }

  boolean decodable() {
    return kind == Kind.WATCHED || kind == Kind.UNWATCHED;
  }
}
