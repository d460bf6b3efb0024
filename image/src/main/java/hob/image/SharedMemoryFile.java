package hob.image;

import hob.image.proto.OpenFile;
import hob.linux.Fd;
import org.jspecify.annotations.Nullable;

/** Anonymous shared memory opened as a file, through /proc/PID/map_files. */
final class SharedMemoryFile implements FileKind {
  /** What /proc shows of all such memory. */
  static final String LINK = "/dev/zero (deleted)";

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.SHARED_MEMORY;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.target().equals(LINK) && d.stat().isRegular();
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return FileLocks.pin(d);
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    out.setKind(kind()).setSharedMemory(tree.sharedMemory(d.path()));
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    Fd fd = Fd.open(tree.shared(f.getSharedMemory()).path(), f.getFlags() & ~TreeFiles.ONLY_ONCE);
    TreeFiles.seek(fd, f);
    return fd;
  }
}
