package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.OpenFile;
import hob.linux.Fd;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file with a name that leads to it: regular file, directory, or a device that is the same on
 * every host. A file of /proc shows the same process at the target, or the target's own figures.
 */
final class NamedFile implements FileKind {
  /** Memory devices, by minor number of major 1: null, zero, full, random, urandom. */
  private static final Set<Integer> MEMORY_DEVICES = Set.of(3, 5, 7, 8, 9);

  /** Every host and every sandbox has one. */
  private static final int INIT = 1;

  private static final Pattern PROCESS = Pattern.compile("^/proc/([0-9]+)(/|$)");

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.PATH;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.named() && (!d.stat().isSocket() || (d.flags() & Fd.O_PATH) != 0);
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    String t = d.target();
    Matcher process = PROCESS.matcher(t);
    int about = process.find() ? Integer.parseInt(process.group(1)) : INIT;
    if (about != INIT && !d.process().inTree(about)) {
      return "is a file of /proc about a process that does not move along (" + t + ")";
    }
    if ((d.flags() & Fd.O_PATH) != 0 || d.stat().isRegular() || d.stat().isDirectory()) {
      return FileLocks.pin(d);
    }
    long n = d.stat().deviceNumber();
    return d.stat().isCharacterDevice() && n >> 32 == 1 && MEMORY_DEVICES.contains((int) n)
        ? null
        : "is a device (" + t + ")";
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    out.setKind(kind()).setPath(ByteString.copyFrom(d.link()));
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    Fd fd =
        tree.root()
            .open(
                f.getPath().toByteArray(), (f.getFlags() & ~TreeFiles.ONLY_ONCE) | Fd.O_NOCTTY, 0);
    TreeFiles.seek(fd, f);
    return fd;
  }
}
