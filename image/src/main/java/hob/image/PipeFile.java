package hob.image;

import hob.image.proto.OpenFile;
import hob.linux.Fd;
import org.jspecify.annotations.Nullable;

/**
 * An end of a pipe. When the other end is in the tree too it moves with its contents; else it leads
 * home, as a {@link StreamFile}.
 */
final class PipeFile implements FileKind {
  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.PIPE;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.stat().isFifo() && d.target().startsWith("pipe:[");
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return (d.flags() & 040000) != 0 ? "is a pipe in packet mode" : null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    if (tree.isWhole(p, d)) {
      out.setKind(kind()).setPipe(tree.pipe(p, d));
    } else {
      tree.standIn(p, d, out, false);
    }
  }

  /** A description of its own for each: flags and owner are its own, as they were. */
  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    int end = (f.getFlags() & 3) == Fd.O_RDONLY ? 0 : 1;
    return Fd.open(tree.pipe(f.getPipe())[end].path(), f.getFlags() & ~TreeFiles.ONLY_ONCE);
  }
}
