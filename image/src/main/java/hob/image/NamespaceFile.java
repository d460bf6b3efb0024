package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.OpenFile;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A namespace as a file, {@code namespaces(7)}: one that the process is in itself. At the target it
 * is the one that it is in there.
 */
final class NamespaceFile implements FileKind {
  private static final Pattern LINK =
      Pattern.compile("^(cgroup|ipc|mnt|net|pid|time|user|uts):\\[[0-9]+]$");

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.NAMESPACE;
  }

  private static @Nullable String name(ProcessFacts.FdFacts d) {
    Matcher m = LINK.matcher(d.target());
    return m.matches() ? m.group(1) : null;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return name(d) != null;
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    try {
      return FileStat.of("/proc/" + d.process().pid() + "/ns/" + name(d)).sameAs(d.stat())
          ? null
          : "is a namespace that its process is not in (" + d.target() + ")";
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
        throw e;
      }
      return null;
    }
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    out.setKind(kind())
        .setEndedPid(p.nsPid())
        .setPath(ByteString.copyFromUtf8(String.valueOf(name(d))));
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    int host =
        tree.host(f.getEndedPid())
            .orElseThrow(() -> new LinuxException("namespace", Errno.ESRCH, f.getEndedPid()));
    String name = f.getPath().toString(StandardCharsets.UTF_8);
    if (!LINK.matcher(name + ":[0]").matches()) {
      throw new IllegalArgumentException("unknown namespace in the image: " + name);
    }
    return Fd.open("/proc/" + host + "/ns/" + name, f.getFlags() & ~TreeFiles.ONLY_ONCE);
  }
}
