package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.Inode;
import hob.image.proto.PageRun;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.RootDir;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The source's half of files that no name leads to. Contents of deleted files and memory files
 * become runs of the page space; holes stay holes. A file that still has a link somewhere is given
 * one more, hidden, name, by which the target finds the very same file. Tracer's thread.
 */
final class UnnamedFiles {
  /** What the kernel shows behind the name of a deleted file. */
  private static final byte[] DELETED = " (deleted)".getBytes(StandardCharsets.US_ASCII);

  private static final byte[] MEMFD = "/memfd:".getBytes(StandardCharsets.US_ASCII);
  private static final int F_GET_SEALS = 1034;
  private static final long MQUEUE_MAGIC = 0x19800202;
  private static final long SECRETMEM_MAGIC = 0x5345434d;

  /** A name of one of the files. */
  record Name(int inode, int index) {}

  /** The file system that holds memory files of ordinary pages. */
  private static final class MemoryDevice {
    static final long NUMBER = number();

    private static long number() {
      try (Fd any = Fd.memfd("hob", 1)) {
        return FileStat.of(any.path()).device();
      }
    }
  }

  private record Known(int index, @Nullable Fd contents) {}

  private final List<Inode.Builder> images = new ArrayList<>();
  private final List<Known> files = new ArrayList<>();
  private final Map<String, Known> byInode = new HashMap<>();
  private final List<Runnable> leftovers = new ArrayList<>();

  /** The name that a link of /proc tells, without the kernel's remark. */
  static byte[] name(byte[] link) {
    int cut = link.length - DELETED.length;
    return cut > 0 && Arrays.equals(link, cut, link.length, DELETED, 0, DELETED.length)
        ? Arrays.copyOf(link, cut)
        : link;
  }

  static boolean memory(byte[] link) {
    return link.length > MEMFD.length
        && Arrays.equals(link, 0, MEMFD.length, MEMFD, 0, MEMFD.length);
  }

  /**
   * What is a file of no file system that could be asked for it: the rest of a sentence; null when
   * it is something else.
   *
   * @param path in /proc, leads to the file
   */
  static @Nullable String special(String path, byte[] link) {
    long kind = FileStat.fileSystem(path);
    String text = " (" + new String(link, StandardCharsets.UTF_8) + ")";
    return kind == MQUEUE_MAGIC
        ? "is a POSIX message queue, which cannot move yet" + text
        : kind == SECRETMEM_MAGIC
            ? "is secret memory, which only its process can read" + text
            : null;
  }

  /** Why it cannot move: the rest of a sentence; null when it can. */
  static @Nullable String pin(FileStat file, byte[] link, RootDir root) {
    String text = new String(link, StandardCharsets.UTF_8);
    if (memory(link)) {
      return file.device() == MemoryDevice.NUMBER
          ? null
          : "is a memory file of huge pages (" + text + ")";
    }
    if (!file.isRegular() && !file.isDirectory() && !file.isFifo() && !file.isSymlink()) {
      return "is a deleted device or socket (" + text + ")";
    }
    if (file.links() == 0 || (file.isDirectory() && !exists(root, name(link)))) {
      return null;
    }
    return file.isDirectory() || root.stat(directory(root, name(link))).device() != file.device()
        ? "is a file that its name does not lead to (" + text + ")"
        : null;
  }

  private static boolean exists(RootDir root, byte[] name) {
    try {
      root.stat(name);
      return true;
    } catch (LinuxException e) {
      // ENOENT and its kin are the answer.
      return false;
    }
  }

  /** The nearest directory above {@code name} that exists. */
  static byte[] directory(RootDir root, byte[] name) {
    byte[] at = name;
    while (at.length > 1) {
      at = parent(at);
      if (exists(root, at) && root.stat(at).isDirectory()) {
        return at;
      }
    }
    return new byte[] {'/'};
  }

  static byte[] parent(byte[] name) {
    int slash = name.length - 1;
    while (slash > 0 && name[slash] != '/') {
      slash--;
    }
    return Arrays.copyOf(name, Math.max(1, slash));
  }

  /** {@code leaf} in a directory. */
  static byte[] in(byte[] directory, byte[] leaf) {
    int n = directory.length == 1 ? 0 : directory.length;
    byte[] all = Arrays.copyOf(directory, n + 1 + leaf.length);
    all[n] = '/';
    System.arraycopy(leaf, 0, all, n + 1, leaf.length);
    return all;
  }

  /** A name in that directory that nobody else uses. */
  static byte[] hidden(byte[] directory) {
    String leaf = ".hob-" + Long.toHexString(ThreadLocalRandom.current().nextLong());
    return in(directory, leaf.getBytes(StandardCharsets.US_ASCII));
  }

  /**
   * Notes such a file.
   *
   * @param path in /proc, leads to the file
   * @param link what that shows
   * @param flags of the description, 0 for a mapping
   */
  Name add(String path, byte[] link, FileStat file, int flags, RootDir root) {
    Known known =
        byInode.computeIfAbsent(
            file.device() + ":" + file.inode(), k -> describe(path, link, file, root));
    Inode.Builder image = images.get(known.index);
    if ((flags & Fd.O_TMPFILE_BIT) != 0) {
      image.setTmpfileFlags(flags);
    }
    ByteString name = ByteString.copyFrom(name(link));
    int at = image.getNamesList().indexOf(name);
    if (at < 0) {
      at = image.getNamesCount();
      image.addNames(name);
    }
    return new Name(known.index, at);
  }

  private Known describe(String path, byte[] link, FileStat file, RootDir root) {
    Inode.Builder image =
        Inode.newBuilder()
            .setMode(file.mode())
            .setUid(file.uid())
            .setGid(file.gid())
            .setMemory(memory(link))
            .setAccessedSeconds(file.accessed().seconds())
            .setAccessedNanos(file.accessed().nanos())
            .setModifiedSeconds(file.modified().seconds())
            .setModifiedNanos(file.modified().nanos());
    Fd contents = null;
    if (file.links() > 0 && !image.getMemory() && !file.isDirectory()) {
      image.setKeptName(ByteString.copyFrom(keep(path, name(link), root)));
    } else if (file.isRegular()) {
      contents = Fd.open(path, Fd.O_RDONLY | Fd.O_NONBLOCK);
      image.setSize(file.size());
    } else if (file.isSymlink()) {
      try (Fd it = Fd.open(path, Fd.O_PATH)) {
        image.setTarget(ByteString.copyFrom(it.linkTarget()));
      }
    }
    if (image.getMemory() && contents != null) {
      image.setSeals((int) Math.max(0, contents.fcntl(F_GET_SEALS, 0)));
    }
    Known known = new Known(images.size(), contents);
    images.add(image);
    files.add(known);
    return known;
  }

  private byte[] keep(String path, byte[] name, RootDir root) {
    byte[] kept = hidden(directory(root, name));
    try (Fd file = Fd.open(path, Fd.O_PATH)) {
      hob.linux.Sys.check(
          root.link(file, kept), "linkat", new String(kept, StandardCharsets.UTF_8));
    }
    RootDir mine = root.again();
    leftovers.add(() -> {
      long r = mine.unlink(kept);
      mine.close();
      if (!Errno.ENOENT.is(r)) {
        hob.linux.Sys.check(r, "unlinkat", new String(kept, StandardCharsets.UTF_8));
      }
    });
    return kept;
  }

  List<Inode> images() {
    return images.stream().map(Inode.Builder::build).toList();
  }

  /** Adds the contents to the page space, and the descriptors that it reads from. */
  void runs(List<PageRun> runs, List<Pages.Place> places, List<Fd> open) {
    for (Known k : files) {
      Fd contents = k.contents;
      if (contents == null) {
        continue;
      }
      open.add(contents);
      Pages.Place place = new Pages.SharedPlace(contents);
      Pages.dataRuns(
          contents,
          images.get(k.index).getSize(),
          (start, end) -> {
            runs.add(
                PageRun.newBuilder()
                    .setInode(1 + k.index)
                    .setStart(start)
                    .setLength(end - start)
                    .build());
            places.add(place);
          });
    }
  }

  /** Of a tree that is not captured after all. */
  void abandon() {
    for (Known k : files) {
      if (k.contents != null) {
        k.contents.close();
      }
    }
    clear();
  }

  /** Takes away the names that were added, where the target has not done so. */
  void clear() {
    leftovers.forEach(Runnable::run);
    leftovers.clear();
  }
}
