package hob.image;

import hob.image.proto.OpenFile;
import hob.image.proto.TimerFd;
import hob.linux.Clock;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** {@code timerfd_create(2)}: the time that is left, and expirations that nobody has read. */
final class TimerFdFile implements FileKind {
  private static final int ABSTIME = 1;
  private static final long SET_TICKS = 0x40085400L;
  private static final long NANOS = 1_000_000_000L;

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.TIMER_FD;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.target().equals("anon_inode:[timerfd]");
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
        .setTimerFd(
            TimerFd.newBuilder()
                .setClock(Integer.parseInt(ProcessFacts.field(info, "clockid:")))
                .setTicks(Long.parseUnsignedLong(ProcessFacts.field(info, "ticks:")))
                .setFlags(Integer.parseInt(ProcessFacts.field(info, "settime flags:"), 8))
                .setValueNanos(FdInfo.nanos(ProcessFacts.field(info, "it_value:")))
                .setIntervalNanos(FdInfo.nanos(ProcessFacts.field(info, "it_interval:"))));
  }

  /** An absolute time is set again as one, so that a change of the clock finds it as before. */
  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    TimerFd t = f.getTimerFd();
    Fd fd =
        Fd.of(
            Sys.check(
                Sys.call(
                    Nr.TIMERFD_CREATE, t.getClock(), (f.getFlags() & Fd.O_NONBLOCK) | Fd.O_CLOEXEC),
                "timerfd_create",
                t.getClock()));
    long value = t.getValueNanos();
    if (value != 0 && (t.getFlags() & ABSTIME) != 0) {
      value += Clock.nanos(t.getClock());
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = arena.allocate(32, 8);
      s.set(ValueLayout.JAVA_LONG, 0, t.getIntervalNanos() / NANOS);
      s.set(ValueLayout.JAVA_LONG, 8, t.getIntervalNanos() % NANOS);
      s.set(ValueLayout.JAVA_LONG, 16, value / NANOS);
      s.set(ValueLayout.JAVA_LONG, 24, value % NANOS);
      Sys.check(
          Sys.call(Nr.TIMERFD_SETTIME, fd.number(), t.getFlags(), s.address(), 0),
          "timerfd_settime",
          t.getFlags());
      if (t.getTicks() != 0) {
        s.set(ValueLayout.JAVA_LONG, 0, t.getTicks());
        long r = fd.ioctl(SET_TICKS, s.address());
        if (!Errno.ENOTTY.is(r)) {
          Sys.check(r, "ioctl", "TFD_IOC_SET_TICKS");
        }
      }
    }
    return fd;
  }
}
