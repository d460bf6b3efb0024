package hob.image;

import hob.image.proto.OpenFile;
import hob.linux.Fd;
import org.jspecify.annotations.Nullable;

/** A stream that leads out of the tree: a terminal here, a pipe by way of {@link PipeFile}. */
final class StreamFile implements FileKind {
  private static final int PTS_MAJOR_FIRST = 136;
  private static final int PTS_MAJOR_LAST = 143;

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.STAND_IN;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    int major = (int) (d.stat().deviceNumber() >> 32);
    return d.stat().isCharacterDevice() && major >= PTS_MAJOR_FIRST && major <= PTS_MAJOR_LAST;
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    tree.standIn(p, d, out, true);
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    return tree.stream(f);
  }
}
