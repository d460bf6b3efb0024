package hob.home;

import com.google.protobuf.ByteString;
import hob.home.proto.Foreground;
import hob.home.proto.Opened;
import hob.home.proto.StreamEvent;
import hob.home.proto.Wanted;
import hob.image.PtsDevice;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.Poller;
import hob.linux.ProcFs;
import hob.linux.Sys;
import hob.linux.Terminal;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The real end of a stream, kept at home while the tree is away: duplicates of the open file
 * descriptions, and this daemon's own O_NONBLOCK descriptions of the same pipe or terminal for
 * reading and writing, so that the shared ones keep their flags. Under the session's lock.
 */
final class HomeStream {
  private record Real(int number, Fd fd, int access) {}

  private static final long LOOK_NANOS = 1_000_000_000L;

  private final StreamLoop loop;
  private final boolean terminal;
  private final FileStat stat;
  private final Supplier<List<Integer>> members;
  private final Consumer<StreamEvent.Builder> out;
  private final List<Real> reals = new ArrayList<>();
  private @Nullable StreamSender source;
  private @Nullable StreamReceiver sink;
  private boolean noReaders;
  private boolean hungUp;
  private boolean away;
  private boolean lingering;
  private long promised;
  private long nextLook = System.nanoTime();
  private @Nullable Wanted wanted;
  private String ownPath = "";
  private boolean controlling;
  private int foreground;
  private int standing;
  private int stoodFor;
  private byte[] settings = {};
  private byte[] window = {};

  /**
   * A stream without a description yet.
   *
   * @param members of the session here: host pids
   * @param out to where the tree is
   */
  HomeStream(
      StreamLoop loop,
      boolean terminal,
      FileStat stat,
      Supplier<List<Integer>> members,
      Consumer<StreamEvent.Builder> out) {
    this.loop = loop;
    this.terminal = terminal;
    this.stat = stat;
    this.members = members;
    this.out = out;
  }

  FileStat stat() {
    return stat;
  }

  /**
   * One more real description.
   *
   * @param path where this daemon can open the same pipe or terminal
   */
  void add(int number, Fd fd, int access, String path) {
    lingering = false;
    reals.add(new Real(number, fd, access));
    if (!terminal) {
      ownPath = fd.path();
    }
    // Whoever has the terminal in one direction may open /dev/tty in the other.
    if ((terminal || access != Fd.O_WRONLY) && source == null) {
      long own = Fd.tryOpen(path, Fd.O_RDONLY | Fd.O_NONBLOCK | Fd.O_NOCTTY, 0);
      if (!lost(own)) {
        Fd reading = Fd.of(own);
        ownPath = reading.path();
        source(reading);
      }
    }
    if ((terminal || access != Fd.O_RDONLY) && sink == null) {
      long own = Fd.tryOpen(path, Fd.O_WRONLY | Fd.O_NONBLOCK | Fd.O_NOCTTY, 0);
      if (!lost(own)) {
        sink =
            new StreamReceiver(
                loop.poller(),
                Fd.of(own),
                loop.guard(this::writable),
                !terminal,
                loop.buffer(),
                out,
                0,
                () -> forget(Fd.O_WRONLY));
        sink.pump();
      }
    }
  }

  /** A pipe without readers cannot be opened for writing; nor can a terminal that hung up. */
  private boolean lost(long own) {
    if (terminal && Errno.EIO.is(own)) {
      hungUp = true;
    } else if (!terminal && Errno.ENXIO.is(own)) {
      noReaders = true;
    } else {
      Sys.check(own, "open", stat);
      return false;
    }
    return true;
  }

  private void source(Fd own) {
    StreamSender s =
        new StreamSender(
            loop.poller(),
            own,
            loop.guard(this::readable),
            into -> read(own, into),
            loop.buffer(),
            out,
            0);
    // Until it is known that nobody else reads: see soleReader.
    s.onDemand(true);
    s.gate(!terminal);
    source = s;
  }

  private int read(Fd own, MemorySegment into) {
    long n = own.read(into);
    if (Errno.EAGAIN.is(n) || Errno.EINTR.is(n)) {
      return 0;
    }
    if (terminal) {
      if (n < 0) {
        hangUp();
        return 0;
      }
      byte[] now = Terminal.settings(own);
      if (n == 0 && (Terminal.localFlags(now) & Terminal.ICANON) != 0) {
        // Alone it means the same to the terminal there.
        into.set(ValueLayout.JAVA_BYTE, 0, Terminal.endOfFile(now));
        return 1;
      }
      return (int) n;
    }
    Sys.check(n, "read", own);
    return n == 0 ? StreamSender.END : (int) n;
  }

  private void readable(int events) {
    if (source == null) {
      return;
    }
    if (terminal && (events & (Poller.ERR | Poller.HUP)) != 0) {
      hangUp();
    } else if (terminal) {
      source.gate(foreground());
    } else {
      source.pump();
    }
  }

  private void writable(int events) {
    if (sink == null) {
      return;
    }
    if (terminal && (events & (Poller.ERR | Poller.HUP)) != 0) {
      hangUp();
    } else if ((events & Poller.ERR) != 0) {
      noReaders = true;
      sink.breakOff();
    } else {
      sink.pump();
      noReaders |= sink.closed();
    }
  }

  private void hangUp() {
    if (!hungUp) {
      hungUp = true;
      out.accept(StreamEvent.newBuilder().setBroken(true));
      if (source != null) {
        source.close();
      }
      if (sink != null) {
        sink.close();
      }
    }
  }

  void handle(StreamEvent e) {
    switch (e.getEventCase()) {
      case DATA -> {
        if (sink != null) {
          sink.data(e.getData());
          noReaders |= sink.closed();
        }
      }
      case END_OF_FILE -> {
        if (sink != null) {
          sink.end(e.getEndOfFile());
        }
      }
      case CONSUMED -> {
        if (source != null) {
          source.consumed(e.getConsumed());
        }
      }
      case BROKEN -> {
        if (source != null && !terminal) {
          source.close();
          forget(Fd.O_RDONLY);
        }
      }
      case OPENED -> opened(e.getOpened());
      case WANTED -> {
        wanted = e.getWanted();
        if (source != null) {
          source.gate(!terminal || foreground());
          source.allow(e.getWanted().getLimit());
        }
      }
      case TERMIOS -> inOrder(() -> setSettings(e.getTermios().toByteArray()));
      case WINDOW -> setWindow(e.getWindow().toByteArray());
      case FLUSH_INPUT -> {
        if (terminal && !hungUp && !reals.isEmpty()) {
          Terminal.flushInput(reals.getFirst().fd);
        }
      }
      case FOREGROUND -> stands(e.getForeground());
      case ON_DEMAND, EVENT_NOT_SET -> {
        // To the other side.
      }
    }
  }

  private void opened(Opened o) {
    away = true;
    if (hungUp || (noReaders && !o.getReads())) {
      out.accept(StreamEvent.newBuilder().setBroken(true));
      return;
    }
    if (terminal) {
      settings = new byte[0];
      window = new byte[0];
      foreground = standing;
      tick();
    }
    if (source != null && o.getReads()) {
      if (!terminal && source.isOnDemand()) {
        out.accept(StreamEvent.newBuilder().setOnDemand(true));
      }
      source.allow(0);
      source.again(o.getReceived());
      source.run(true);
    }
  }

  /** After all output that came before. */
  private void inOrder(Runnable change) {
    if (sink != null) {
      sink.after(sink.received(), change);
    } else {
      change.run();
    }
  }

  private void setSettings(byte[] wantedThere) {
    if (!terminal || hungUp || reals.isEmpty()) {
      return;
    }
    Fd t = reals.getFirst().fd;
    int extproc = Terminal.localFlags(Terminal.settings(t)) & Terminal.EXTPROC;
    int plain = Terminal.localFlags(wantedThere) & ~Terminal.EXTPROC;
    // Not read back: somebody may have changed them again, which tick finds out.
    settings = Terminal.withLocalFlags(wantedThere, plain | extproc);
    Terminal.setSettings(t, settings);
    out.accept(StreamEvent.newBuilder().setTermios(ByteString.copyFrom(wantedThere)));
  }

  private void setWindow(byte[] there) {
    if (terminal && !hungUp && !reals.isEmpty()) {
      window = there;
      Terminal.setWindow(reals.getFirst().fd, there);
    }
  }

  /** Tells of what changed at the real terminal; asks again whether the job may read. */
  void tick() {
    if (!terminal || !away || hungUp || reals.isEmpty()) {
      return;
    }
    Fd t = reals.getFirst().fd;
    try {
      byte[] now = Terminal.settings(t);
      if (!Arrays.equals(now, settings)) {
        settings = now;
        out.accept(StreamEvent.newBuilder().setTermios(ByteString.copyFrom(now)));
      }
      byte[] size = Terminal.window(t);
      if (!Arrays.equals(size, window)) {
        window = size;
        out.accept(StreamEvent.newBuilder().setWindow(ByteString.copyFrom(size)));
      }
    } catch (LinuxException e) {
      // EIO: it hung up.
      hangUp();
      return;
    }
    tellForeground();
    if (source != null) {
      source.gate(source.asked() && foreground());
    }
  }

  /** Whether this terminal has the packed device number, and processes that are away use it. */
  boolean controls(int device) {
    return terminal && away && !hungUp && PtsDevice.packed(stat) == device;
  }

  /**
   * The foreground group here that has stood for group {@code there}, which the tree put into the
   * foreground abroad; 0 when the one here was chosen here.
   */
  int standingFor(int there) {
    return stoodFor == there && standing != 0 && standing == foregroundNow() ? standing : 0;
  }

  /** A choice made there counts unless another was made here meanwhile. */
  private void stands(Foreground there) {
    int now = foregroundNow();
    if (there.getHome() == 0 || there.getHome() == now) {
      standing = now;
      stoodFor = there.getPgid();
    }
  }

  private void tellForeground() {
    int now = foregroundNow();
    controlling |= now != 0;
    if (now > 0 && now != foreground) {
      foreground = now;
      if (now != standing) {
        standing = 0;
        stoodFor = 0;
        out.accept(StreamEvent.newBuilder().setForeground(Foreground.newBuilder().setPgid(now)));
      }
    }
  }

  /**
   * A terminal tells its foreground group only to its own session, so one of that is looked at; 0
   * when there is none.
   */
  private int foregroundNow() {
    for (int candidate : members.get()) {
      try {
        ProcFs.Stat s = ProcFs.stat("/proc/" + candidate + "/stat");
        if (PtsDevice.controlling(s) == PtsDevice.packed(stat)) {
          return (int) s.field(8);
        }
      } catch (LinuxException e) {
        // It ended meanwhile.
      }
    }
    return 0;
  }

  /**
   * Whether who waits may read the terminal: its group is in the foreground, or the terminal is not
   * the controlling one of its session.
   */
  private boolean foreground() {
    Wanted w = wanted;
    if (w == null) {
      return false;
    }
    int now = foregroundNow();
    controlling |= now != 0;
    return now == 0
        ? !controlling
        : now == w.getPgid() || (now == standing && w.getPgid() == stoodFor);
  }

  /** Whether it is to be found out if others read this pipe. */
  boolean wondersWhoReads() {
    return !terminal
        && away
        && source != null
        && !source.closed()
        && source.isOnDemand()
        && System.nanoTime() - nextLook >= 0;
  }

  /** Whether others than {@code besides} read it now. */
  boolean othersRead(Set<Integer> besides) {
    return WaitingReaders.read(stat, besides);
  }

  /** Others read: they may end. */
  void lookLater() {
    nextLook = System.nanoTime() + LOOK_NANOS;
  }

  /** Nobody else reads: bytes may run ahead. */
  void soleReader() {
    if (source != null) {
      source.onDemand(false);
      out.accept(StreamEvent.newBuilder().setOnDemand(false));
    }
  }

  /** A moment: all that arrived so far reached the real end when {@code then} runs. */
  void whenWritten(Runnable then) {
    inOrder(then);
  }

  /** Whether all that the tree wrote before {@code sent} reached the real end. */
  boolean through(long sent) {
    return sink == null || sink.through(sent);
  }

  /** The tree came home and wrote up to {@code sent}, of which some is to come: ends after that. */
  void linger(long sent, Runnable end) {
    if (sink != null) {
      lingering = true;
      promised = sent;
      sink.after(
          sent,
          () ->
              loop.later(() -> {
                if (lingering) {
                  lingering = false;
                  end.run();
                }
              }));
    }
  }

  /** Whether it only waits for its last output. */
  boolean lingers() {
    return lingering;
  }

  /** Where the tree goes on to write when it leaves again. */
  long sent() {
    return sink == null ? 0 : Math.max(promised, sink.received());
  }

  /** Where it goes on to read. */
  long received() {
    return source == null ? 0 : source.sent();
  }

  /** Whether bytes were read from the real end that a tree which has {@code received} has not. */
  boolean ahead(long received) {
    return source != null && source.sent() > received;
  }

  /** The tree takes the next bytes along: they are read here, and sent to nobody. */
  void skip(int bytes) {
    if (source != null) {
      source.skip(bytes);
    }
  }

  /** The tree is here or on its way: reads nothing until it is opened elsewhere. */
  void pause() {
    away = false;
    wanted = null;
    if (source != null) {
      source.run(false);
    }
  }

  /** The real description, or a new one of the same pipe or terminal. */
  Fd real(int number, int flags) {
    for (Real r : reals) {
      if (r.number == number) {
        return r.fd.dup();
      }
    }
    if (reals.isEmpty()) {
      throw new LinuxException("open", Errno.EPIPE, "the real end of " + stat + " was given up");
    }
    return Fd.open(ownPath, flags | Fd.O_NOCTTY);
  }

  /** What was read ahead becomes input of the real terminal again. */
  void typeAgain(ByteString unread, long received) {
    ByteString all = source == null ? unread : unread.concat(source.since(received));
    if (all.isEmpty() || reals.isEmpty() || hungUp) {
      return;
    }
    Fd t = reals.getFirst().fd;
    byte[] before = Terminal.settings(t);
    // Nothing is echoed or made a signal of twice, and the end of EXTPROC makes it a line.
    Terminal.setSettings(
        t, Terminal.withLocalFlags(before, Terminal.localFlags(before) | Terminal.EXTPROC));
    try {
      for (byte b : all.toByteArray()) {
        Terminal.type(t, b);
      }
    } finally {
      Terminal.setSettings(t, before);
    }
  }

  private void forget(int access) {
    reals.removeIf(r -> {
      if (r.access == access) {
        r.fd.close();
      }
      return r.access == access;
    });
  }

  /** The tree has the real descriptions itself, but for the directions that are kept. */
  void release(boolean keepSource, boolean keepSink) {
    if (!keepSource && source != null) {
      source.close();
      source = null;
    }
    if (!keepSink && sink != null) {
      sink.close();
      sink = null;
    }
    if (!keepSource) {
      forget(Fd.O_RDONLY);
    }
    if (!keepSink) {
      forget(Fd.O_WRONLY);
    }
    if (!keepSource && !keepSink) {
      forget(Fd.O_RDWR);
    }
  }

  void close() {
    release(false, false);
  }
}
