package hob.image;

import hob.image.proto.OpenFile;
import hob.linux.Fd;
import hob.linux.Terminal;
import org.jspecify.annotations.Nullable;

/**
 * A slave of a pseudo-terminal whose master has been closed: whoever reads it gets the end, whoever
 * writes EIO, for ever. A new one that has been hung up is the same but for its number.
 */
final class HungUpTerminalFile implements FileKind {
  private static final String GONE = " (deleted)";

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.HUNG_UP_TERMINAL;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return (d.flags() & Fd.O_PATH) == 0 && PtsDevice.is(d.stat()) && d.target().endsWith(GONE);
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    out.setKind(kind());
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    try (Fd master = Terminal.master("/dev", 0)) {
      return Terminal.slave(master, f.getFlags() & ~Fd.O_CLOEXEC);
    }
  }
}
