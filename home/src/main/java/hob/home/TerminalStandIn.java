package hob.home;

import com.google.protobuf.ByteString;
import hob.home.proto.Foreground;
import hob.home.proto.Opened;
import hob.home.proto.StreamEvent;
import hob.home.proto.Wanted;
import hob.image.External;
import hob.image.NamespacePid;
import hob.image.PtsDevice;
import hob.image.proto.OpenFile;
import hob.image.proto.StandIn;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.Poller;
import hob.linux.Sys;
import hob.linux.Terminal;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A local pseudo-terminal in a terminal's place; this daemon holds the master.
 *
 * <p>The processes see the settings of the real terminal, and EXTPROC besides. Under it the kernel
 * does here nothing to input: lines are edited, echoed, and turned into signals at the real
 * terminal, once. Output it does process, and the real terminal will do so again; so what {@code
 * OPOST|ONLCR} did is undone here, which is exact: a carriage return before each line feed goes.
 * Other output processing (tabs to spaces, upper case) gives the same when done twice.
 */
final class TerminalStandIn implements StandInEnd {
  private static final byte[] NONE = {};
  private static final int MOST_NUMBERS = 256;
  private static final byte CR = '\r';
  private static final byte LF = '\n';

  private final Consumer<StreamEvent.Builder> out;
  private final Fd master;
  private final Fd slave;
  private final FileStat stat;
  private final int number;
  private final StreamSender sender;
  private final StreamReceiver receiver;
  private final Descriptions descriptions = new Descriptions();
  private byte[] settings = NONE;
  private byte[] window;
  private byte[] unanswered = NONE;
  private byte @Nullable [] taken;
  private boolean changed;
  private boolean heldReturn;
  private boolean started;
  private boolean describing;
  private WaitingReaders.@Nullable Want asker;
  private int foreground;
  private int foregroundAtHome;
  private long askedFrom;
  private long limit;

  /**
   * A stand-in.
   *
   * @param master fresh, from {@link #master}
   */
  TerminalStandIn(StreamLoop loop, Fd master, StandIn s, Consumer<StreamEvent.Builder> out) {
    this.out = out;
    this.master = master;
    slave = Terminal.slave(master, Fd.O_RDWR | Fd.O_NONBLOCK);
    stat = FileStat.of(slave.path());
    number = s.getNumber();
    set(s.getTermios().isEmpty() ? Terminal.settings(master) : s.getTermios().toByteArray());
    window = s.getWindow().isEmpty() ? Terminal.window(master) : s.getWindow().toByteArray();
    Terminal.setWindow(master, window);
    Terminal.packetMode(master);
    sender =
        new StreamSender(
            loop.poller(),
            master,
            loop.guard(events -> pump()),
            this::read,
            loop.buffer(),
            out,
            s.getSent());
    receiver =
        new StreamReceiver(
            loop.poller(),
            master.dup(),
            loop.guard(events -> write()),
            false,
            loop.buffer(),
            out,
            s.getReceived(),
            () -> {});
    receiver.first(s.getUnread());
    askedFrom = s.getReceived();
    limit = askedFrom;
  }

  private void pump() {
    sender.pump();
  }

  private void write() {
    receiver.pump();
  }

  /** A pseudo-terminal whose name is the real one's where that number is free. */
  static Fd master(String devpts, int wanted) {
    List<Fd> others = new ArrayList<>();
    Fd m = Terminal.master(devpts, Fd.O_NONBLOCK);
    while (wanted < MOST_NUMBERS && Terminal.number(m) < wanted) {
      others.add(m);
      m = Terminal.master(devpts, Fd.O_NONBLOCK);
    }
    if (!others.isEmpty() && Terminal.number(m) != wanted) {
      others.add(m);
      m = others.removeFirst();
    }
    Fd.closeAll(others);
    return m;
  }

  private void set(byte[] wanted) {
    // Not read back: a process may have changed them again, of which the kernel tells.
    settings = withoutExtproc(wanted);
    Terminal.setSettings(
        master, Terminal.withLocalFlags(wanted, Terminal.localFlags(wanted) | Terminal.EXTPROC));
  }

  private static byte[] withoutExtproc(byte[] termios) {
    return Terminal.withLocalFlags(termios, Terminal.localFlags(termios) & ~Terminal.EXTPROC);
  }

  /**
   * What the processes wrote, as they wrote it. The kernel tells of a change of settings ahead of
   * the bytes that were written before it. Under either settings these have been processed here; so
   * they must meet the real terminal while it adds nothing: a change that begins output processing
   * is told after them, any other one at once, so that whoever sees a prompt finds its settings.
   */
  private int read(MemorySegment into) {
    while (true) {
      long n = master.read(into);
      if (Errno.EAGAIN.is(n)) {
        if (heldReturn) {
          heldReturn = false;
          into.set(ValueLayout.JAVA_BYTE, 0, CR);
          return 1;
        }
        if (changed) {
          changed = false;
          settingsChanged();
        }
        return 0;
      }
      if (Errno.EINTR.is(n) || Errno.EIO.is(n)) {
        return 0;
      }
      Sys.check(n, "read", master);
      if (n == 0) {
        return 0;
      }
      int packet = into.get(ValueLayout.JAVA_BYTE, 0);
      if (packet == 0) {
        int got = returnsUndone(into, (int) n);
        if (got > 0) {
          return got;
        }
        continue;
      }
      if ((packet & Terminal.PACKET_IOCTL) != 0) {
        changed = addsReturns(Terminal.settings(master)) && !addsReturns(settings);
        if (!changed) {
          settingsChanged();
        }
      }
      if ((packet & Terminal.PACKET_FLUSH_READ) != 0) {
        out.accept(StreamEvent.newBuilder().setFlushInput(true));
      }
    }
  }

  /** Moves bytes 1 to n down to 0, without the carriage returns that the kernel added. */
  private int returnsUndone(MemorySegment b, int n) {
    boolean undo = addsReturns(settings);
    boolean held = heldReturn;
    heldReturn = false;
    int to = 0;
    for (int i = 1; i < n; i++) {
      byte c = b.get(ValueLayout.JAVA_BYTE, i);
      if (held && (c != LF || !undo)) {
        b.set(ValueLayout.JAVA_BYTE, to++, CR);
      }
      held = undo && c == CR;
      if (!held) {
        b.set(ValueLayout.JAVA_BYTE, to++, c);
      }
    }
    heldReturn = held;
    return to;
  }

  private static boolean addsReturns(byte[] termios) {
    int both = Terminal.OPOST | Terminal.ONLCR;
    return (Terminal.outputFlags(termios) & both) == both;
  }

  private void settingsChanged() {
    byte[] now = Terminal.settings(master);
    if ((Terminal.localFlags(now) & Terminal.EXTPROC) == 0) {
      Terminal.setSettings(
          master, Terminal.withLocalFlags(now, Terminal.localFlags(now) | Terminal.EXTPROC));
    }
    byte[] plain = withoutExtproc(now);
    if (!Arrays.equals(plain, settings)) {
      settings = plain;
      unanswered = plain;
      out.accept(StreamEvent.newBuilder().setTermios(ByteString.copyFrom(plain)));
    }
  }

  @Override
  public FileStat stat() {
    return stat;
  }

  @Override
  public boolean serves(int access) {
    return true;
  }

  @Override
  public Fd open(OpenFile file) {
    descriptions.add(file.getStandIn().getDescription(), file.getFlags() & 3);
    int kept = Fd.O_NONBLOCK | Fd.O_APPEND | 3;
    return Terminal.slave(master, file.getFlags() & kept);
  }

  @Override
  public void start() {
    started = true;
    out.accept(
        StreamEvent.newBuilder()
            .setOpened(Opened.newBuilder().setReceived(receiver.received()).setReads(true)));
    sender.run(true);
    receiver.pump();
  }

  @Override
  public boolean started() {
    return started;
  }

  @Override
  public void handle(StreamEvent e) {
    switch (e.getEventCase()) {
      case DATA -> receiver.data(e.getData());
      case CONSUMED -> sender.consumed(e.getConsumed());
      case BROKEN, END_OF_FILE -> hangUp();
      case TERMIOS -> settingsAtHome(e.getTermios().toByteArray());
      case WINDOW -> {
        window = e.getWindow().toByteArray();
        Terminal.setWindow(slave, window);
      }
      case ON_DEMAND, WANTED, OPENED, FLUSH_INPUT, FOREGROUND, EVENT_NOT_SET -> {
        // A terminal is always on demand; the rest is for the other side.
      }
    }
  }

  /** Home's word counts, unless it was said before it heard of a change here. */
  private void settingsAtHome(byte[] there) {
    // A process may just have changed them, which the poller has not seen yet.
    settingsChanged();
    if (unanswered.length > 0) {
      if (Arrays.equals(unanswered, there)) {
        unanswered = NONE;
      }
      return;
    }
    if (!Arrays.equals(settings, there)) {
      set(there);
    }
  }

  /** N of /dev/pts/N at home, and 1. */
  int number() {
    return number;
  }

  /** Packed device number here. */
  int device() {
    return PtsDevice.packed(stat);
  }

  /** A character that makes a signal was typed at the real terminal. */
  void signal(int signal) {
    Terminal.signal(master, signal);
  }

  /** The foreground group, set without a process's doing; at home it need not be the same. */
  void foreground(int pgid) {
    foreground = pgid;
  }

  /** The home's foreground group. */
  void foregroundAtHome(int pgid) {
    foreground = pgid;
    foregroundAtHome = pgid;
  }

  /** A process has put another group into the foreground. */
  private void tellForeground() {
    int host = Terminal.foreground(master);
    int now = NamespacePid.of(host);
    if (now != 0 && now != foreground) {
      foreground = now;
      out.accept(
          StreamEvent.newBuilder()
              .setForeground(Foreground.newBuilder().setPgid(now).setHome(foregroundAtHome)));
    }
  }

  /** The real terminal is gone: this one goes too, and the kernel tells the processes. */
  private void hangUp() {
    sender.close();
    receiver.close();
  }

  @Override
  public void describe(External external, StandIn.Builder into) {
    byte[] unread = taken;
    if (!describing) {
      describing = true;
      descriptions.reset();
      flush();
      sender.run(false);
      receiver.freeze(true);
      unread = unread();
      taken = unread;
    }
    into.setDescription(descriptions.claim(external.access()))
        .setTermios(ByteString.copyFrom(settings))
        .setWindow(ByteString.copyFrom(window))
        .setNumber(number)
        .setSent(sender.sent())
        .setReceived(receiver.received());
    if (unread != null) {
      into.setUnread(ByteString.copyFrom(unread).concat(receiver.queued()));
    }
  }

  /** Takes what came and was not read. An end of file alone reads as nothing. */
  private byte[] unread() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    while ((slave.poll(Poller.IN, 0) & Poller.IN) != 0 && Terminal.pending(slave) > 0) {
      byte[] some = slave.readSome(Terminal.pending(slave));
      all.writeBytes(some.length > 0 ? some : new byte[] {Terminal.endOfFile(settings)});
    }
    return all.toByteArray();
  }

  @Override
  public void resume() {
    describing = false;
    if (taken != null) {
      receiver.first(ByteString.copyFrom(taken));
      taken = null;
    }
    receiver.freeze(false);
    if (started) {
      sender.run(true);
    }
  }

  @Override
  public void flush() {
    if (started && !sender.closed()) {
      sender.drain(StreamSender.READ);
    }
  }

  @Override
  public long underWay() {
    return sender.underWay();
  }

  @Override
  public OptionalLong asks() {
    // Polling makes the kernel hand on what was written to the master and is on its way.
    return started
            && !describing
            && !receiver.closed()
            && receiver.idle()
            && (slave.poll(Poller.IN, 0) & Poller.IN) == 0
            && Terminal.pending(slave) == 0
        ? OptionalLong.of(receiver.received())
        : OptionalLong.empty();
  }

  @Override
  public void wanted(long from, WaitingReaders.@Nullable Want want) {
    long now = want == null ? from : from + want.bytes();
    if (from != askedFrom || now != limit || !Objects.equals(want, asker)) {
      asker = want;
      askedFrom = from;
      limit = now;
      Wanted.Builder w = Wanted.newBuilder().setLimit(now);
      if (want != null) {
        tellForeground();
        w.setPid(want.pid()).setPgid(want.pgid());
      }
      out.accept(StreamEvent.newBuilder().setWanted(w));
    }
  }

  @Override
  public void tick() {
    if (!started || describing || sender.closed()) {
      return;
    }
    tellForeground();
    byte[] now = Terminal.window(slave);
    if (!Arrays.equals(now, window)) {
      window = now;
      out.accept(StreamEvent.newBuilder().setWindow(ByteString.copyFrom(now)));
    }
  }

  @Override
  public void close() {
    sender.close();
    receiver.close();
    slave.close();
  }
}
