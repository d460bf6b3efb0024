package hob.image;

import hob.image.proto.OpenFile;
import hob.linux.Fd;
import hob.linux.Sys;
import org.jspecify.annotations.Nullable;

/**
 * An end of a pipe. When the other end is in the tree too it moves with its contents; else it leads
 * home, as a {@link StreamFile}.
 */
final class PipeFile implements FileKind {
  /** O_DIRECT: of a pipe, packet mode. */
  static final int PACKETS = 040000;

  /** Why one cannot move: the rest of a sentence. */
  static final String PACKETS_STAY = "is a pipe in packet mode whose other end stays";

  private static final int O_LARGEFILE = 0100000;
  private static final int F_SETFL = 4;

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
    return null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    if (tree.isWhole(p, d)) {
      out.setKind(kind()).setPipe(tree.pipe(p, d));
    } else if ((d.flags() & PACKETS) != 0) {
      throw new Collection.Refused(
          new Refusal(p.pid(), "pipe", "descriptor " + d.number() + " " + PACKETS_STAY));
    } else {
      tree.standIn(p, d, d.stat(), -1, out);
    }
  }

  /**
   * A description of its own for each: flags and owner are its own, as they were. One that pipe(2)
   * itself made is not like any that is opened later: it lacks O_LARGEFILE.
   */
  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    int end = (f.getFlags() & 3) == Fd.O_RDONLY ? 0 : 1;
    int status = f.getFlags() & ~TreeFiles.ONLY_ONCE;
    Fd made = tree.pipe(f.getPipe())[end];
    Fd fd =
        (status & O_LARGEFILE) == 0 && tree.first("pipe " + f.getPipe() + " end " + end)
            ? made.dup()
            : Fd.open(made.path(), status & ~PACKETS);
    Sys.check(fd.fcntl(F_SETFL, status), "fcntl", "F_SETFL", status);
    return fd;
  }
}
