package hob.image;

import hob.image.proto.OpenFile;
import hob.linux.Fd;
import hob.linux.RootDir;
import org.jspecify.annotations.Nullable;

/**
 * A file that no name leads to: deleted, renamed out of sight, made by {@code O_TMPFILE} or {@code
 * memfd_create(2)}.
 */
final class UnnamedFile implements FileKind {
  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.UNNAMED;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    boolean carried = d.stat().isRegular() || d.stat().isDirectory() || d.stat().isSymlink();
    return carried && d.target().startsWith("/") && !d.named();
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    if (d.target().startsWith("/proc/")) {
      return "is a file of /proc about a thread that has ended (" + d.target() + ")";
    }
    String special = UnnamedFiles.special(d.path(), d.link());
    if (special != null) {
      return special;
    }
    try (RootDir root = d.process().root()) {
      String reason = UnnamedFiles.pin(d.stat(), d.link(), root);
      return reason != null ? reason : FileLocks.pin(d);
    }
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    tree.unnamed(p.facts(), d.path(), d.link(), d.stat(), out.setKind(kind()));
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    Fd fd = tree.remade().open(f);
    TreeFiles.seek(fd, f);
    return fd;
  }
}
