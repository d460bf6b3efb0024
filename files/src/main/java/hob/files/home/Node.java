package hob.files.home;

import hob.linux.fanotify.FileId;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A file that a guest's kernel knows by number, and the descriptors kept for it. */
final class Node {
  static final int S_IFMT = 0170000;
  static final int S_IFREG = 0100000;
  static final int S_IFDIR = 0040000;

  /** One more descriptor than none. */
  static final int NONE = -1;

  final long id;
  final Guest guest;
  final Mount mount;
  final FileId file;

  /** S_IFMT bits. */
  final int type;

  /** Writes that were acknowledged before they were made. */
  final AtomicInteger behind = new AtomicInteger();

  /** Where it was last looked up; null for the root and for files that never had a name. */
  volatile @Nullable Place place;

  /** Second chance in {@link DescriptorCache}. */
  volatile boolean recent;

  // Guarded by the guest's NodeTable.
  long lookups;

  /** Where it is in the {@link NodeFile}. */
  long record;

  // Guarded by this.
  int pathFd = NONE;
  int readFd = NONE;
  int writeFd = NONE;
  int users;
  boolean mayRead;
  boolean mayWrite;

  /** It has lost its last name, so its descriptor is all that keeps it. */
  boolean pinned;

  /** Whether {@link DescriptorCache} knows of it; guarded by that. */
  boolean cached;

  /** Whether it is only waiting to be taken out of {@link DescriptorCache}; guarded by that. */
  boolean dropped;

  /** A name in a directory. */
  record Place(long parent, byte[] name) {}

  Node(long id, Guest guest, Mount mount, FileId file, int type) {
    this.id = id;
    this.guest = guest;
    this.mount = mount;
    this.file = file;
    this.type = type;
  }

  boolean isDirectory() {
    return type == S_IFDIR;
  }

  boolean isRegular() {
    return type == S_IFREG;
  }
}
