package hob.image;

import hob.image.proto.EventFd;
import hob.image.proto.OpenFile;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.Sys;
import org.jspecify.annotations.Nullable;

/** {@code eventfd(2)}: a counter. */
final class EventFdFile implements FileKind {
  private static final int SEMAPHORE = 1;
  private static final int KEPT = Fd.O_NONBLOCK;

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.EVENT_FD;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.target().equals("anon_inode:[eventfd]");
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    // The running count may have moved on since the check: read it again.
    String info = FdInfo.text(p, d);
    out.setKind(kind())
        .setEventFd(
            EventFd.newBuilder()
                .setCount(Long.parseUnsignedLong(ProcessFacts.field(info, "eventfd-count:"), 16))
                .setSemaphore(ProcessFacts.field(info, "eventfd-semaphore:").equals("1")));
  }

  /** The count goes in by write(2): the argument of eventfd2(2) has 32 bits only. */
  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    int flags = (f.getFlags() & KEPT) | (f.getEventFd().getSemaphore() ? SEMAPHORE : 0);
    Fd fd = Fd.of(Sys.check(Sys.call(Nr.EVENTFD2, 0, flags | Fd.O_CLOEXEC), "eventfd2"));
    if (f.getEventFd().getCount() != 0) {
      fd.writeAll(Bytes.longs(f.getEventFd().getCount()));
    }
    return fd;
  }
}
