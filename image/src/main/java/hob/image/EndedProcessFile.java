package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.OpenFile;
import hob.linux.Fd;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file of /proc about a process that has ended. It gives ESRCH or nothing, but it is open; at the
 * target a process takes the pid for as long as it takes to open it.
 */
final class EndedProcessFile implements FileKind {
  private static final Pattern NAME = Pattern.compile("^/proc/([0-9]+)(/(?!task/).*)?$");

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.ENDED_PROCESS;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return !d.named() && pid(d) != 0 && !d.process().inTree(pid(d));
  }

  private static int pid(ProcessFacts.FdFacts d) {
    byte[] name = UnnamedFiles.name(d.link());
    Matcher m = NAME.matcher(new String(name, StandardCharsets.ISO_8859_1));
    return m.matches() ? Integer.parseInt(m.group(1)) : 0;
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    out.setKind(kind())
        .setPath(ByteString.copyFrom(UnnamedFiles.name(d.link())))
        .setEndedPid(pid(d));
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    throw new IllegalStateException("opened when the vessels were whole");
  }

  /** Opens it with the help of a vessel that still has its code. */
  static Fd open(OpenFile f, TreeFiles tree, Vessel vessel) {
    Vessel bearer = vessel.fork(f.getEndedPid(), 0);
    try {
      Fd fd = tree.root().open(f.getPath().toByteArray(), f.getFlags(), 0);
      TreeFiles.seek(fd, f);
      return fd;
    } finally {
      vessel.killChild(bearer);
    }
  }
}
