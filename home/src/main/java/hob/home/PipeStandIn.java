package hob.home;

import com.google.protobuf.ByteString;
import hob.home.proto.Opened;
import hob.home.proto.StreamEvent;
import hob.home.proto.Wanted;
import hob.image.External;
import hob.image.proto.OpenFile;
import hob.image.proto.StandIn;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.PidFd;
import hob.linux.Pipe;
import hob.linux.Poller;
import hob.linux.Sys;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A local pipe: the process has one end, this daemon the other. One direction. */
final class PipeStandIn implements StandInEnd {
  private static final int OPEN_ONLY_ONCE = Fd.O_CREAT | Fd.O_EXCL | Fd.O_TRUNC;

  private final Consumer<StreamEvent.Builder> out;
  private final FileStat stat;
  private final Fd end;
  private final Descriptions descriptions = new Descriptions();
  private final @Nullable StreamSender sender;
  private final @Nullable StreamReceiver receiver;
  private @Nullable Fd held;
  private boolean started;
  private boolean describing;
  private boolean gone;
  private boolean onDemand;
  private long askedFrom;
  private long limit;

  PipeStandIn(StreamLoop loop, OpenFile first, Consumer<StreamEvent.Builder> out) {
    this.out = out;
    StandIn s = first.getStandIn();
    Fd[] ends = Pipe.ofCapacity(s.getCapacity());
    stat = FileStat.of(ends[0].path());
    if ((first.getFlags() & 3) == Fd.O_RDONLY) {
      end = ends[1];
      held = ends[0];
      sender = null;
      receiver =
          new StreamReceiver(
              loop.poller(),
              end,
              loop.guard(this::writable),
              false,
              loop.buffer(),
              out,
              s.getReceived(),
              () -> gone = true);
      receiver.first(s.getUnread());
      askedFrom = s.getReceived();
      limit = askedFrom;
    } else {
      end = ends[0];
      held = ends[1];
      receiver = null;
      sender =
          new StreamSender(
              loop.poller(),
              end,
              loop.guard(events -> pump()),
              this::read,
              loop.buffer(),
              out,
              s.getSent());
    }
  }

  private void pump() {
    if (sender != null) {
      sender.pump();
    }
  }

  private void writable(int events) {
    if (receiver != null) {
      if ((events & Poller.ERR) != 0) {
        receiver.breakOff();
      } else {
        receiver.pump();
      }
    }
  }

  private int read(MemorySegment into) {
    long n = end.read(into);
    if (Errno.EAGAIN.is(n) || Errno.EINTR.is(n)) {
      return 0;
    }
    Sys.check(n, "read", end);
    return n == 0 ? StreamSender.END : (int) n;
  }

  @Override
  public FileStat stat() {
    return stat;
  }

  @Override
  public boolean serves(int access) {
    return (access == Fd.O_RDONLY) == (receiver != null);
  }

  @Override
  public Fd open(OpenFile file) {
    // A description of its own for each: flags are its own, as they were.
    Fd given = Fd.open(end.path(), file.getFlags() & ~OPEN_ONLY_ONCE);
    descriptions.add(file.getStandIn().getDescription(), file.getFlags() & 3);
    if (held != null) {
      held.close();
      held = null;
    }
    if (receiver != null) {
      receiver.pump();
    }
    return given;
  }

  @Override
  public void start() {
    started = true;
    long received = receiver == null ? 0 : receiver.received();
    out.accept(
        StreamEvent.newBuilder()
            .setOpened(Opened.newBuilder().setReceived(received).setReads(receiver != null)));
    if (sender != null) {
      sender.run(true);
    }
  }

  @Override
  public boolean started() {
    return started;
  }

  @Override
  public void handle(StreamEvent e) {
    switch (e.getEventCase()) {
      case DATA -> {
        if (receiver != null) {
          receiver.data(e.getData());
        }
      }
      case END_OF_FILE -> {
        if (receiver != null) {
          receiver.end(e.getEndOfFile());
        }
      }
      case ON_DEMAND -> onDemand = e.getOnDemand();
      case CONSUMED -> {
        if (sender != null) {
          sender.consumed(e.getConsumed());
        }
      }
      case BROKEN -> {
        if (sender != null) {
          sender.close();
        }
      }
      case TERMIOS, WINDOW, WANTED, OPENED, FLUSH_INPUT, FOREGROUND, EVENT_NOT_SET -> {
        // Of terminals, or to the other side.
      }
    }
  }

  @Override
  public void describe(External external, StandIn.Builder into) {
    if (!describing) {
      describing = true;
      descriptions.reset();
    }
    into.setDescription(descriptions.claim(external.access()));
    if (sender != null) {
      flush();
      sender.run(false);
      into.setSent(sender.sent());
    }
    if (receiver != null) {
      receiver.freeze(true);
      into.setReceived(receiver.received());
    }
    // The process's own end: this daemon's may be closed already.
    try (Fd pidfd = PidFd.open(external.pid());
        Fd its = PidFd.get(pidfd, external.fd())) {
      into.setCapacity(Pipe.capacity(its));
      if (receiver != null) {
        into.setUnread(ByteString.copyFrom(Pipe.peek(its)).concat(receiver.queued()));
      }
    }
  }

  @Override
  public void resume() {
    describing = false;
    if (receiver != null) {
      receiver.freeze(false);
    }
    if (sender != null && started) {
      sender.run(true);
    }
  }

  @Override
  public void flush() {
    if (sender != null && started && !sender.closed()) {
      sender.drain(Pipe.pending(end));
    }
  }

  @Override
  public long underWay() {
    return sender == null ? 0 : sender.underWay();
  }

  @Override
  public OptionalLong asks() {
    return receiver != null
            && onDemand
            && started
            && !describing
            && !gone
            && receiver.idle()
            && !receiver.closed()
            && Pipe.pending(end) == 0
        ? OptionalLong.of(receiver.received())
        : OptionalLong.empty();
  }

  @Override
  public void wanted(long from, WaitingReaders.@Nullable Want want) {
    long now = want == null ? from : from + want.bytes();
    if (from != askedFrom || now != limit) {
      askedFrom = from;
      limit = now;
      Wanted.Builder w = Wanted.newBuilder().setLimit(now);
      if (want != null) {
        w.setPid(want.pid()).setPgid(want.pgid());
      }
      out.accept(StreamEvent.newBuilder().setWanted(w));
    }
  }

  @Override
  public void tick() {
    // Nothing changes by itself.
  }

  @Override
  public void close() {
    if (held != null) {
      held.close();
    }
    if (sender != null) {
      sender.close();
    }
    if (receiver != null) {
      receiver.close();
    }
  }
}
