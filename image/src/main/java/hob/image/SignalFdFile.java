package hob.image;

import hob.image.proto.OpenFile;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** {@code signalfd(2)}: a mask; the signals are in the queue of whoever reads. */
final class SignalFdFile implements FileKind {
  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.SIGNAL_FD;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.target().equals("anon_inode:[signalfd]");
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    String info = FdInfo.text(p, d);
    out.setKind(kind())
        .setSignalFd(Long.parseUnsignedLong(ProcessFacts.field(info, "sigmask:"), 16));
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocateFrom(ValueLayout.JAVA_LONG, f.getSignalFd());
      int flags = (f.getFlags() & Fd.O_NONBLOCK) | Fd.O_CLOEXEC;
      return Fd.of(
          Sys.check(Sys.call(Nr.SIGNALFD4, -1, mask.address(), 8, flags), "signalfd4", flags));
    }
  }
}
