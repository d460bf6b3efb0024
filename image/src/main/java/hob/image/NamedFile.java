package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.OpenFile;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.Sys;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file with a name that leads to it: regular file, directory, or a device that is the same on
 * every host.
 */
final class NamedFile implements FileKind {
  /** Memory devices, by minor number of major 1: null, zero, full, random, urandom. */
  private static final Set<Integer> MEMORY_DEVICES = Set.of(3, 5, 7, 8, 9);

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.PATH;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.target().startsWith("/") && !d.stat().isSocket() && !d.target().startsWith("/memfd:");
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    String t = d.target();
    if (t.startsWith("/proc/")) {
      return "is a file of /proc (" + t + "), which means something else on another host";
    }
    if (d.stat().isCharacterDevice()) {
      long n = d.stat().deviceNumber();
      return n >> 32 == 1 && MEMORY_DEVICES.contains((int) n) ? null : "is a device (" + t + ")";
    }
    if (!d.stat().isRegular() && !d.stat().isDirectory() && (d.flags() & Fd.O_PATH) == 0) {
      return d.stat().isFifo() ? "is a named pipe (" + t + ")" : "is a device (" + t + ")";
    }
    if (d.info().contains("\nlock:")) {
      return "has a file lock (" + t + ")";
    }
    try {
      if (!FileStat.ofLink(t).sameAs(d.stat())) {
        return "is a file that no longer has its name (" + t + ")";
      }
    } catch (LinuxException e) {
      return "is a file that was deleted or cannot be reached by its name (" + t + ")";
    }
    return null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    out.setKind(kind()).setPath(ByteString.copyFrom(d.link()));
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    Fd fd =
        Fd.open(
            f.getPath().toString(StandardCharsets.UTF_8),
            (f.getFlags() & ~TreeFiles.ONLY_ONCE) | Fd.O_NOCTTY);
    if (f.getPosition() != 0) {
      Sys.check(Sys.call(Nr.LSEEK, fd.number(), f.getPosition(), 0), "lseek", f.getPosition());
    }
    return fd;
  }
}
