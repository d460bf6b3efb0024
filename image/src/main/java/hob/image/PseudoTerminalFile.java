package hob.image;

import hob.image.proto.OpenFile;
import hob.linux.Fd;
import hob.linux.Sys;
import hob.linux.Terminal;
import org.jspecify.annotations.Nullable;

/**
 * The master of a pseudo-terminal. Its slaves are this kind in an image too; as to which slaves'
 * masters are in the tree, {@link StreamFile} asks {@link PseudoTerminals}.
 */
final class PseudoTerminalFile implements FileKind {
  /** {@code /dev/ptmx}, device 5:2. */
  private static final long PTMX = 5L << 32 | 2;

  private static final String INDEX = "tty-index:";
  private static final int O_LARGEFILE = 0100000;
  private static final int KEPT = Fd.O_NONBLOCK | Fd.O_APPEND | O_LARGEFILE | 3;
  private static final int F_SETFL = 4;

  /** Whether it is one, by what fdinfo says: an O_PATH descriptor of the device is not. */
  static boolean isMaster(ProcessFacts.FdFacts d) {
    return d.stat().isCharacterDevice()
        && d.stat().deviceNumber() == PTMX
        && d.info().contains(INDEX);
  }

  /** N of its {@code /dev/pts/N}. */
  static int number(ProcessFacts.FdFacts master) {
    return Integer.parseInt(ProcessFacts.field(master.info(), INDEX));
  }

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.PSEUDO_TERMINAL;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return isMaster(d);
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return FileLocks.pin(d);
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    out.setKind(kind()).setPseudoTerminal(tree.pseudoTerminals().of(d)).setMaster(true);
  }

  /** There is but one description of a master. */
  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    PseudoTerminalsMade.Made pair = tree.pseudoTerminals().get(f.getPseudoTerminal());
    if (!f.getMaster()) {
      return Terminal.slave(pair.master(), f.getFlags() & KEPT);
    }
    Fd fd = pair.master().dup();
    int flags = f.getFlags() & KEPT;
    Sys.check(fd.fcntl(F_SETFL, flags), "fcntl", "F_SETFL", flags);
    return fd;
  }
}
