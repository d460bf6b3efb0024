package hob.files.home;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;
import hob.linux.fanotify.FileId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a guest's kernel knows, in a mapped file: this program may be killed at any time, and the
 * next one serves the guest on. Guarded by the guest's {@link NodeTable}.
 *
 * <pre>
 *   0  u64  end of the records
 *  64  records: u32 bytes, u8 kind, u8 flags, u16 bytes of the name, u32 type, u32 type of the handle,
 *      u64 node, u64 look-ups, u64 mount, u64 file system, u64 parent, u32 bytes of the handle, u32 0,
 *      handle, name; each begins at a multiple of 8
 * </pre>
 *
 * A name of which the guest was told that there is nothing has only parent and name.
 */
final class NodeFile {
  private static final int HEAD = 64;
  private static final int KIND = 4;
  private static final int FLAGS = 5;
  private static final int NAME_BYTES = 6;
  private static final int TYPE = 8;
  private static final int HANDLE_TYPE = 12;
  private static final int NODE = 16;
  private static final int LOOKUPS = 24;
  private static final int MOUNT = 32;
  private static final int FILE_SYSTEM = 40;
  private static final int PARENT = 48;
  private static final int HANDLE_BYTES = 56;
  private static final int RECORD = 64;

  private static final int GONE = 0;
  private static final int NODE_KIND = 1;
  private static final int ABSENCE_KIND = 2;

  private static final int MAY_READ = 1;
  private static final int MAY_WRITE = 2;
  private static final int HAS_NAME = 4;

  private static final long LEAST_BYTES = 1 << 20;

  private final Path path;
  private MemorySegment memory;
  private long base;
  private long capacity;

  /** Bytes of records that are not gone. */
  private long live;

  private NodeFile(Path path) {
    this.path = path;
    memory = MemorySegment.NULL;
  }

  /** An empty one. */
  static NodeFile create(Path path) {
    NodeFile file = new NodeFile(path);
    file.map(path, LEAST_BYTES, true);
    return file;
  }

  /** That of an earlier program. */
  static NodeFile open(Path path) {
    NodeFile file = new NodeFile(path);
    try {
      file.map(path, Files.size(path), false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }

  private void map(Path at, long bytes, boolean fresh) {
    int flags = Fd.O_RDWR | (fresh ? Fd.O_CREAT | Fd.O_TRUNC : 0);
    try (Fd fd = Fd.open(at.toString(), flags, 0600)) {
      // Where there is no room, this call must say so and not a store.
      long r = Sys.call(Nr.FALLOCATE, fd.number(), 0, 0, bytes);
      if (Errno.ENOTSUP.is(r)) {
        fd.truncate(bytes);
      } else {
        Sys.check(r, "fallocate", at, bytes);
      }
      try (FileChannel channel =
          FileChannel.open(at, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, Arena.ofAuto());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    base = memory.address();
    capacity = bytes;
    if (fresh) {
      RawMemory.i64(base, HEAD);
      live = 0;
    }
  }

  private long end() {
    return RawMemory.i64(base);
  }

  /** Whether a record would find room; if not, all must be {@linkplain #rewrite written anew}. */
  boolean hasRoom(int handleBytes, int nameBytes) {
    return end() + padded(handleBytes, nameBytes) <= capacity;
  }

  private static long padded(int handleBytes, int nameBytes) {
    return RECORD + handleBytes + nameBytes + 7L & ~7L;
  }

  /** Begins anew; what is to stay is added again. */
  void rewrite(Collection<Node> nodes, Absences absences) {
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    map(fresh, Math.max(LEAST_BYTES, 3 * live + LEAST_BYTES), true);
    for (Node node : nodes) {
      add(node);
    }
    for (Absences.Name name : absences.all()) {
      absences.moved(name, add(name));
    }
    try {
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds a node, for which there is room; {@link Node#record} says where. */
  void add(Node node) {
    Node.Place place = node.place;
    byte[] name = place == null ? new byte[0] : place.name();
    byte[] handle = node.file.handle();
    long at = end();
    long record = base + at;
    RawMemory.zero(record, RECORD);
    RawMemory.u16(record + NAME_BYTES, name.length);
    RawMemory.i32(record + TYPE, node.type);
    RawMemory.i32(record + HANDLE_TYPE, node.file.type());
    RawMemory.i64(record + NODE, node.id);
    RawMemory.i64(record + LOOKUPS, node.lookups);
    RawMemory.i64(record + MOUNT, node.mount.id());
    RawMemory.i64(record + FILE_SYSTEM, node.file.fileSystem());
    RawMemory.i64(record + PARENT, place == null ? 0 : place.parent());
    RawMemory.i32(record + HANDLE_BYTES, handle.length);
    RawMemory.put(record + RECORD, handle, 0, handle.length);
    RawMemory.put(record + RECORD + handle.length, name, 0, name.length);
    int may = (node.mayRead ? MAY_READ : 0) | (node.mayWrite ? MAY_WRITE : 0);
    RawMemory.i8(record + FLAGS, may | (place == null ? 0 : HAS_NAME));
    finish(at, handle.length, name.length, NODE_KIND);
    node.record = at;
  }

  /** Adds a name of nothing, for which there is room; where. */
  long add(Absences.Name absence) {
    byte[] name = absence.bytes();
    long at = end();
    long record = base + at;
    RawMemory.zero(record, RECORD);
    RawMemory.u16(record + NAME_BYTES, name.length);
    RawMemory.i64(record + PARENT, absence.directory());
    RawMemory.put(record + RECORD, name, 0, name.length);
    finish(at, 0, name.length, ABSENCE_KIND);
    return at;
  }

  private void finish(long at, int handleBytes, int nameBytes, int kind) {
    long bytes = padded(handleBytes, nameBytes);
    RawMemory.i32(base + at, (int) bytes);
    RawMemory.i8(base + at + KIND, kind);
    live += bytes;
    java.lang.invoke.VarHandle.releaseFence();
    RawMemory.i64(base, at + bytes);
  }

  /** A record is of no use any more. */
  void remove(long at) {
    RawMemory.i8(base + at + KIND, GONE);
    live -= RawMemory.i32(base + at);
  }

  /** The look-ups of a node have changed. */
  void looked(Node node) {
    RawMemory.i64(base + node.record + LOOKUPS, node.lookups);
  }

  /** The guest's user may do more with a file than was known. */
  void may(Node node) {
    int flags = RawMemory.i8(base + node.record + FLAGS) & HAS_NAME;
    RawMemory.i8(
        base + node.record + FLAGS,
        flags | (node.mayRead ? MAY_READ : 0) | (node.mayWrite ? MAY_WRITE : 0));
  }

  /**
   * A node as an earlier program knew it.
   *
   * @param record where it is
   */
  record Saved(
      long record,
      long id,
      long lookups,
      long mount,
      FileId file,
      int type,
      boolean mayRead,
      boolean mayWrite,
      Node.@Nullable Place place) {}

  /** A name of nothing, and where it is. */
  record SavedAbsence(long record, long directory, byte[] name) {}

  /** All nodes. */
  List<Saved> nodes() {
    List<Saved> found = new ArrayList<>();
    for (long at = HEAD; at < end(); at += RawMemory.i32(base + at)) {
      long r = base + at;
      if (RawMemory.i8(r + KIND) == NODE_KIND) {
        int handleBytes = RawMemory.i32(r + HANDLE_BYTES);
        byte[] name = RawMemory.bytes(r + RECORD + handleBytes, RawMemory.u16(r + NAME_BYTES));
        int flags = RawMemory.i8(r + FLAGS);
        live += RawMemory.i32(r);
        found.add(
            new Saved(
                at,
                RawMemory.i64(r + NODE),
                RawMemory.i64(r + LOOKUPS),
                RawMemory.i64(r + MOUNT),
                new FileId(
                    RawMemory.i64(r + FILE_SYSTEM),
                    RawMemory.i32(r + HANDLE_TYPE),
                    RawMemory.bytes(r + RECORD, handleBytes)),
                RawMemory.i32(r + TYPE),
                (flags & MAY_READ) != 0,
                (flags & MAY_WRITE) != 0,
                (flags & HAS_NAME) == 0 ? null : new Node.Place(RawMemory.i64(r + PARENT), name)));
      }
    }
    return found;
  }

  /** All names of nothing. */
  List<SavedAbsence> absences() {
    List<SavedAbsence> found = new ArrayList<>();
    for (long at = HEAD; at < end(); at += RawMemory.i32(base + at)) {
      long r = base + at;
      if (RawMemory.i8(r + KIND) == ABSENCE_KIND) {
        live += RawMemory.i32(r);
        found.add(
            new SavedAbsence(
                at,
                RawMemory.i64(r + PARENT),
                RawMemory.bytes(r + RECORD, RawMemory.u16(r + NAME_BYTES))));
      }
    }
    return found;
  }
}
