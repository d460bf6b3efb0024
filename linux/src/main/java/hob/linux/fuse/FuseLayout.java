package hob.linux.fuse;

/** Sizes and places of fields, as {@code linux/fuse.h} has them: {@code STRUCT_FIELD}. */
public final class FuseLayout {
  // struct fuse_in_header; a request's own struct follows it.
  public static final int IN_BYTES = 40;
  public static final int IN_LEN = 0;
  public static final int IN_OPCODE = 4;
  public static final int IN_UNIQUE = 8;
  public static final int IN_NODEID = 16;
  public static final int IN_UID = 24;
  public static final int IN_GID = 28;
  public static final int IN_PID = 32;

  /** In units of 8 bytes; extensions come last in a request. */
  public static final int IN_TOTAL_EXTLEN = 36;

  // struct fuse_out_header; an answer's own struct follows it.
  public static final int OUT_BYTES = 16;
  public static final int OUT_LEN = 0;
  public static final int OUT_ERROR = 4;
  public static final int OUT_UNIQUE = 8;

  // struct fuse_attr
  public static final int ATTR_BYTES = 88;
  public static final int ATTR_INO = 0;
  public static final int ATTR_SIZE = 8;
  public static final int ATTR_BLOCKS = 16;
  public static final int ATTR_ATIME = 24;
  public static final int ATTR_MTIME = 32;
  public static final int ATTR_CTIME = 40;
  public static final int ATTR_ATIMENSEC = 48;
  public static final int ATTR_MTIMENSEC = 52;
  public static final int ATTR_CTIMENSEC = 56;
  public static final int ATTR_MODE = 60;
  public static final int ATTR_NLINK = 64;
  public static final int ATTR_UID = 68;
  public static final int ATTR_GID = 72;
  public static final int ATTR_RDEV = 76;
  public static final int ATTR_BLKSIZE = 80;
  public static final int ATTR_FLAGS = 84;

  // struct fuse_entry_out
  public static final int ENTRY_BYTES = 128;
  public static final int ENTRY_NODEID = 0;
  public static final int ENTRY_GENERATION = 8;
  public static final int ENTRY_VALID = 16;
  public static final int ENTRY_ATTR_VALID = 24;
  public static final int ENTRY_VALID_NSEC = 32;
  public static final int ENTRY_ATTR_VALID_NSEC = 36;
  public static final int ENTRY_ATTR = 40;

  // struct fuse_attr_out
  public static final int ATTR_OUT_BYTES = 104;
  public static final int ATTR_OUT_VALID = 0;
  public static final int ATTR_OUT_VALID_NSEC = 8;
  public static final int ATTR_OUT_ATTR = 16;

  // struct fuse_open_out
  public static final int OPEN_OUT_BYTES = 16;

  // struct fuse_setattr_in
  public static final int SETATTR_VALID = 0;
  public static final int SETATTR_SIZE = 16;
  public static final int SETATTR_ATIME = 32;
  public static final int SETATTR_MTIME = 40;
  public static final int SETATTR_ATIMENSEC = 56;
  public static final int SETATTR_MTIMENSEC = 60;
  public static final int SETATTR_MODE = 68;
  public static final int SETATTR_UID = 76;
  public static final int SETATTR_GID = 80;
  public static final int FATTR_MODE = 1;
  public static final int FATTR_UID = 1 << 1;
  public static final int FATTR_GID = 1 << 2;
  public static final int FATTR_SIZE = 1 << 3;
  public static final int FATTR_ATIME = 1 << 4;
  public static final int FATTR_MTIME = 1 << 5;
  public static final int FATTR_ATIME_NOW = 1 << 7;
  public static final int FATTR_MTIME_NOW = 1 << 8;
  public static final int FATTR_KILL_SUIDGID = 1 << 11;

  // struct fuse_mknod_in, fuse_mkdir_in, fuse_create_in, fuse_rename2_in, fuse_link_in
  public static final int MKNOD_BYTES = 16;
  public static final int MKNOD_MODE = 0;
  public static final int MKNOD_RDEV = 4;
  public static final int MKNOD_UMASK = 8;
  public static final int MKDIR_BYTES = 8;
  public static final int MKDIR_MODE = 0;
  public static final int MKDIR_UMASK = 4;
  public static final int CREATE_BYTES = 16;
  public static final int CREATE_FLAGS = 0;
  public static final int CREATE_MODE = 4;
  public static final int CREATE_UMASK = 8;
  public static final int RENAME_BYTES = 8;
  public static final int RENAME2_BYTES = 16;
  public static final int RENAME_NEWDIR = 0;
  public static final int RENAME2_FLAGS = 8;
  public static final int LINK_BYTES = 8;
  public static final int LINK_OLDNODEID = 0;

  // struct fuse_read_in, fuse_write_in (the data follow)
  public static final int READ_BYTES = 40;
  public static final int READ_OFFSET = 8;
  public static final int READ_SIZE = 16;
  public static final int WRITE_BYTES = 40;
  public static final int WRITE_OFFSET = 8;
  public static final int WRITE_SIZE = 16;
  public static final int WRITE_WRITE_FLAGS = 20;
  public static final int WRITE_FLAGS = 32;
  public static final int WRITE_CACHE = 1;
  public static final int WRITE_KILL_SUIDGID = 1 << 2;
  public static final int WRITE_OUT_BYTES = 8;

  // struct fuse_fsync_in, fuse_fallocate_in, fuse_lseek_in, fuse_copy_file_range_in
  public static final int FSYNC_FLAGS = 8;
  public static final int FSYNC_DATASYNC = 1;
  public static final int FALLOCATE_OFFSET = 8;
  public static final int FALLOCATE_LENGTH = 16;
  public static final int FALLOCATE_MODE = 24;
  public static final int LSEEK_OFFSET = 8;
  public static final int LSEEK_WHENCE = 16;
  public static final int COPY_OFF_IN = 8;
  public static final int COPY_NODEID_OUT = 16;
  public static final int COPY_OFF_OUT = 32;
  public static final int COPY_LEN = 40;

  // struct fuse_setxattr_in with FUSE_SETXATTR_EXT, fuse_getxattr_in
  public static final int SETXATTR_BYTES = 16;
  public static final int SETXATTR_SIZE = 0;
  public static final int SETXATTR_FLAGS = 4;
  public static final int GETXATTR_BYTES = 8;

  // struct fuse_lk_in
  public static final int LK_OWNER = 8;
  public static final int LK_START = 16;
  public static final int LK_END = 24;
  public static final int LK_TYPE = 32;
  public static final int LK_PID = 36;
  public static final int LK_FLAGS = 40;
  public static final int LK_FLOCK = 1;
  public static final int LK_OUT_BYTES = 24;

  // struct fuse_dirent
  public static final int DIRENT_BYTES = 24;
  public static final int DIRENT_INO = 0;
  public static final int DIRENT_OFF = 8;
  public static final int DIRENT_NAMELEN = 16;
  public static final int DIRENT_TYPE = 20;

  // struct fuse_statfs_out
  public static final int STATFS_BYTES = 80;

  // struct fuse_init_in, fuse_init_out
  public static final int INIT_MAJOR = 0;
  public static final int INIT_MINOR = 4;
  public static final int INIT_MAX_READAHEAD = 8;
  public static final int INIT_FLAGS = 12;
  public static final int INIT_IN_FLAGS2 = 16;
  public static final int INIT_MAX_BACKGROUND = 16;
  public static final int INIT_CONGESTION = 18;
  public static final int INIT_MAX_WRITE = 20;
  public static final int INIT_TIME_GRAN = 24;
  public static final int INIT_MAX_PAGES = 28;
  public static final int INIT_OUT_FLAGS2 = 32;
  public static final int INIT_OUT_BYTES = 64;

  public static final long ASYNC_READ = 1L;
  public static final long POSIX_LOCKS = 1L << 1;
  public static final long BIG_WRITES = 1L << 5;
  public static final long DONT_MASK = 1L << 6;
  public static final long FLOCK_LOCKS = 1L << 10;
  public static final long DO_READDIRPLUS = 1L << 13;
  public static final long READDIRPLUS_AUTO = 1L << 14;
  public static final long ASYNC_DIO = 1L << 15;
  public static final long NO_OPEN_SUPPORT = 1L << 17;
  public static final long PARALLEL_DIROPS = 1L << 18;
  public static final long POSIX_ACL = 1L << 20;
  public static final long MAX_PAGES = 1L << 22;
  public static final long CACHE_SYMLINKS = 1L << 23;
  public static final long NO_OPENDIR_SUPPORT = 1L << 24;
  public static final long EXPLICIT_INVAL_DATA = 1L << 25;
  public static final long HANDLE_KILLPRIV_V2 = 1L << 28;
  public static final long SETXATTR_EXT = 1L << 29;
  public static final long INIT_EXT = 1L << 30;

  // enum fuse_notify_code
  public static final int NOTIFY_INVAL_INODE = 2;
  public static final int NOTIFY_INVAL_ENTRY = 3;
  public static final int NOTIFY_RESEND = 7;

  /** In a request's number: it was read before. */
  public static final long UNIQUE_RESEND = 1L << 63;

  private FuseLayout() {}
}
