package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.Inode;
import hob.image.proto.OpenFile;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.RootDir;
import hob.linux.Sys;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The target's half of {@link UnnamedFiles}: each is made under the names that it had, opened by
 * them, and deleted again, so that /proc shows of it what it showed. Where another file has such a
 * name now, a hidden one stands in. Tracer's thread.
 */
final class RemadeFiles implements AutoCloseable {
  private static final int S_IFMT = 0170000;
  private static final int S_IFREG = 0100000;
  private static final int S_IFDIR = 0040000;
  private static final int S_IFIFO = 0010000;
  private static final int S_IFLNK = 0120000;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_EXEC = 0x10;
  private static final int F_SETFL = 4;
  private static final int F_ADD_SEALS = 1033;
  private static final int NEW_FILE = Fd.O_CREAT | Fd.O_EXCL | Fd.O_RDWR | Fd.O_NOFOLLOW;

  /**
   * A file: O_PATH descriptors by name, one to write the contents, and the description that
   * O_TMPFILE or memfd_create(2) made, which no later open is quite like.
   */
  private static final class Made {
    private final List<Fd> names = new ArrayList<>();
    private @Nullable Fd contents;
    private @Nullable Fd first;
  }

  private final List<Inode> images;
  private final RootDir root;
  private final Map<Integer, Made> made = new HashMap<>();

  RemadeFiles(List<Inode> images, RootDir root) {
    this.images = images;
    this.root = root;
  }

  /** O_PATH descriptor of the file by one of its names; stays this object's. */
  Fd named(int inode, int name) {
    return made(inode).names.get(name);
  }

  /** A new open file description; the caller's. */
  Fd open(OpenFile f) {
    Made m = made(f.getInode() - 1);
    Fd first = m.first;
    if (first != null && isFirst(f, images.get(f.getInode() - 1))) {
      if (f.getUnopened()) {
        return first.dup();
      }
      m.first = null;
      int status = f.getFlags() & ~FileOwners.O_ASYNC;
      Sys.check(first.fcntl(F_SETFL, status), "fcntl", "F_SETFL", status);
      return first;
    }
    Fd name = m.names.get(f.getInodeName());
    if ((f.getFlags() & Fd.O_PATH) != 0 && (f.getFlags() & Fd.O_NOFOLLOW) != 0) {
      return name.dup();
    }
    return Fd.open(name.path(), f.getFlags() & ~TreeFiles.ONLY_ONCE & ~Fd.O_NOFOLLOW);
  }

  /** A memory file may be executed while its first description can write, but no other. */
  private static boolean isFirst(OpenFile f, Inode i) {
    return i.getMemory()
        ? (f.getFlags() & (Fd.O_PATH | 3)) == Fd.O_RDWR
        : (f.getFlags() & Fd.O_TMPFILE_BIT) != 0;
  }

  /** Where the contents go. */
  Pages.Place place(int inode) {
    Fd contents = made(inode).contents;
    if (contents == null) {
      throw new IllegalArgumentException("contents for a file that has none in the image");
    }
    return new Pages.SharedPlace(contents);
  }

  private Made made(int inode) {
    Made m = made.get(inode);
    if (m == null) {
      m = new Made();
      made.put(inode, m);
      make(images.get(inode), m);
    }
    return m;
  }

  private void make(Inode i, Made m) {
    if (i.getMemory()) {
      memory(i, m);
    } else if (!i.getKeptName().isEmpty()) {
      byte[] kept = i.getKeptName().toByteArray();
      try (Fd file = root.open(kept, Fd.O_PATH | Fd.O_NOFOLLOW, 0)) {
        for (ByteString name : i.getNamesList()) {
          linked(file, name.toByteArray(), m);
        }
      }
      Sys.check(root.unlink(kept), "unlinkat", text(kept));
    } else if (i.getTmpfileFlags() != 0) {
      byte[] directory = UnnamedFiles.directory(root, i.getNames(0).toByteArray());
      Fd file = root.open(directory, i.getTmpfileFlags() & ~TreeFiles.ONLY_ONCE, 0600);
      m.first = file;
      i.getNamesList().forEach(n -> m.names.add(Fd.open(file.path(), Fd.O_PATH)));
    } else {
      deleted(i, m);
    }
    if ((i.getMode() & S_IFMT) == S_IFREG && i.getKeptName().isEmpty()) {
      Fd contents = Fd.open(m.names.getFirst().path(), Fd.O_RDWR);
      m.contents = contents;
      contents.truncate(i.getSize());
    }
  }

  private static void memory(Inode i, Made m) {
    String label = i.getNames(0).toStringUtf8().substring("/memfd:".length());
    Fd file = Fd.memfd(label, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    m.first = file;
    i.getNamesList().forEach(n -> m.names.add(Fd.open(file.path(), Fd.O_PATH)));
  }

  private void deleted(Inode i, Made m) {
    List<byte[]> used = new ArrayList<>();
    List<byte[]> ancestors = new ArrayList<>();
    for (ByteString wanted : i.getNamesList()) {
      byte[] name = wanted.toByteArray();
      ancestors(UnnamedFiles.parent(name), ancestors);
      long r = create(i, m, name);
      if (Sys.failed(r)) {
        name = UnnamedFiles.hidden(UnnamedFiles.directory(root, name));
        Sys.check(create(i, m, name), "make again", wanted.toStringUtf8(), text(name));
      }
      used.add(name);
      m.names.add(root.open(name, Fd.O_PATH | Fd.O_NOFOLLOW, 0));
    }
    boolean directory = (i.getMode() & S_IFMT) == S_IFDIR;
    for (byte[] name : used) {
      Sys.check(directory ? root.rmdir(name) : root.unlink(name), "unlinkat", text(name));
    }
    for (byte[] name : ancestors.reversed()) {
      Sys.check(root.rmdir(name), "rmdir", text(name));
    }
  }

  /** Directories that were deleted too are made for the moment. */
  private void ancestors(byte[] directory, List<byte[]> created) {
    long r = root.mkdir(directory, 0700);
    if (Errno.ENOENT.is(r) && directory.length > 1) {
      ancestors(UnnamedFiles.parent(directory), created);
      r = root.mkdir(directory, 0700);
    }
    if (r == 0) {
      created.add(directory);
    }
  }

  private long create(Inode i, Made m, byte[] name) {
    if (!m.names.isEmpty()) {
      return root.link(m.names.getFirst(), name);
    }
    return switch (i.getMode() & S_IFMT) {
      case S_IFDIR -> root.mkdir(name, 0700);
      case S_IFIFO -> root.mkfifo(name, 0600);
      case S_IFLNK -> root.symlink(i.getTarget().toByteArray(), name);
      default -> regular(name);
    };
  }

  private long regular(byte[] name) {
    long r = root.tryOpen(name, NEW_FILE, 0600);
    if (!Sys.failed(r)) {
      Fd.of(r).close();
    }
    return r;
  }

  private void linked(Fd file, byte[] wanted, Made m) {
    byte[] name = wanted;
    if (Sys.failed(root.link(file, name))) {
      name = UnnamedFiles.hidden(UnnamedFiles.directory(root, wanted));
      Sys.check(root.link(file, name), "linkat", text(name));
    }
    m.names.add(root.open(name, Fd.O_PATH | Fd.O_NOFOLLOW, 0));
    Sys.check(root.unlink(name), "unlinkat", text(name));
  }

  /** All contents are there: gives the files owner, mode, times and seals, and writes no more. */
  void settle() {
    for (int n = 0; n < images.size(); n++) {
      Inode i = images.get(n);
      Made m = made(n);
      if (i.getKeptName().isEmpty() && (i.getMode() & S_IFMT) != S_IFLNK) {
        settle(i, m);
      }
      if (m.contents != null) {
        m.contents.close();
      }
    }
  }

  private static void settle(Inode i, Made m) {
    Fd file = m.contents;
    Fd opened =
        file != null ? file : Fd.open(m.names.getFirst().path(), Fd.O_RDONLY | Fd.O_NONBLOCK);
    try {
      opened.own(i.getUid(), i.getGid(), i.getMode());
      if (i.getSeals() != 0 && i.getMemory()) {
        Sys.check(opened.fcntl(F_ADD_SEALS, i.getSeals()), "fcntl", "F_ADD_SEALS", i.getSeals());
      }
      opened.times(
          new FileStat.Time(i.getAccessedSeconds(), i.getAccessedNanos()),
          new FileStat.Time(i.getModifiedSeconds(), i.getModifiedNanos()));
    } finally {
      if (file == null) {
        opened.close();
      }
    }
  }

  private static String text(byte[] name) {
    return new String(name, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    for (Made m : made.values()) {
      Fd.closeAll(m.names);
      for (Fd fd : Arrays.asList(m.contents, m.first)) {
        if (fd != null) {
          fd.close();
        }
      }
    }
    root.close();
  }
}
