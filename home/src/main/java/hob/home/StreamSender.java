package hob.home;

import com.google.protobuf.ByteString;
import hob.home.proto.StreamData;
import hob.home.proto.StreamEvent;
import hob.linux.Fd;
import hob.linux.Poller;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/**
 * The end of one direction where bytes come from: reads a descriptor, sends what it read, and keeps
 * it until the other side has taken it over, so that it can be sent again to another host. Under
 * the lock of {@link SessionStreams}.
 *
 * <p>A read takes all that stands in a pipe of ordinary size, so that a message ends where a write
 * ended. Hence the window: while at most half of it is under way, the next read may take up to
 * {@link #READ}.
 */
final class StreamSender {
  /** Where bytes come from. */
  interface Source {
    /** Reads some: their count, 0 when there are none now, {@link #END} when none will come. */
    int read(MemorySegment into);
  }

  static final int END = -1;

  /** Bytes of one read. */
  static final int READ = 65536;

  private static final int HALF_WINDOW = 32768;
  private static final int ROUNDS = 16;

  private record Sent(long position, ByteString bytes) {
    long end() {
      return position + bytes.size();
    }
  }

  private final Source source;
  private final Watch watch;
  private final MemorySegment buffer;
  private final Consumer<StreamEvent.Builder> out;
  private final Deque<Sent> kept = new ArrayDeque<>();
  private long sent;
  private long consumed;
  private long limit;
  private boolean onDemand;
  private boolean running;
  private boolean gate = true;
  private boolean ended;
  private boolean closed;

  /**
   * Made asleep, see {@link #run}.
   *
   * @param fd what is watched; closed by {@link #close}
   * @param buffer of {@link #READ} bytes
   * @param sent bytes that went before
   */
  StreamSender(
      Poller poller,
      Fd fd,
      Poller.Ready ready,
      Source source,
      MemorySegment buffer,
      Consumer<StreamEvent.Builder> out,
      long sent) {
    this.source = source;
    this.watch = new Watch(poller, fd, ready);
    this.buffer = buffer;
    this.out = out;
    this.sent = sent;
    this.consumed = sent;
  }

  /** Begins or ceases to read of its own accord. */
  void run(boolean on) {
    running = on;
    pump();
  }

  /** A further condition for reading. */
  void gate(boolean open) {
    gate = open;
    pump();
  }

  /** Reads only what {@link #allow} says; or again up to the window. */
  void onDemand(boolean on) {
    onDemand = on;
    pump();
  }

  boolean isOnDemand() {
    return onDemand;
  }

  /** Bytes before this position may be sent. */
  void allow(long newLimit) {
    limit = newLimit;
    pump();
  }

  /** Whether somebody asked for bytes that have not come. */
  boolean asked() {
    return limit > sent;
  }

  private int room() {
    return onDemand ? Math.clamp(limit - sent, 0, READ) : sent - consumed <= HALF_WINDOW ? READ : 0;
  }

  /** Reads and sends what may be sent. */
  void pump() {
    boolean active = running && gate && !ended && !closed;
    for (int i = 0; active && room() > 0 && i < ROUNDS; i++) {
      int n = source.read(buffer.asSlice(0, room()));
      if (n == 0) {
        break;
      }
      emit(n);
      if (onDemand) {
        // One read for one wish: a terminal gives a line, or its end.
        limit = sent;
      }
      active = !ended && !closed;
    }
    watch.want(active && room() > 0 ? Poller.IN : Watch.NONE);
  }

  private void emit(int n) {
    if (n < 0) {
      ended = true;
      out.accept(StreamEvent.newBuilder().setEndOfFile(sent));
      return;
    }
    byte[] bytes = new byte[n];
    MemorySegment.copy(buffer, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, bytes, 0, n);
    Sent s = new Sent(sent, ByteString.copyFrom(bytes));
    kept.add(s);
    sent += n;
    out.accept(data(s));
  }

  private static StreamEvent.Builder data(Sent s) {
    return StreamEvent.newBuilder()
        .setData(StreamData.newBuilder().setPosition(s.position).setBytes(s.bytes));
  }

  /** Sends {@code bytes} that stand ready, whatever the window says. */
  void drain(int bytes) {
    for (long until = sent + bytes; sent < until && !ended && !closed; ) {
      int n = source.read(buffer);
      if (n <= 0) {
        return;
      }
      emit(n);
    }
  }

  /** The other side has the next {@code bytes} already: reads them, and sends them to nobody. */
  void skip(int bytes) {
    sent += bytes;
    forget(sent);
    for (int left = bytes; left > 0; ) {
      int n = source.read(buffer.asSlice(0, Math.min(left, READ)));
      if (n <= 0) {
        return;
      }
      left -= n;
    }
  }

  /** The other side took over all before {@code position}. */
  void consumed(long position) {
    forget(position);
    pump();
  }

  private void forget(long position) {
    consumed = Math.clamp(position, consumed, sent);
    while (!kept.isEmpty() && kept.getFirst().end() <= consumed) {
      kept.removeFirst();
    }
  }

  /** The other side, maybe another one now, has all before {@code received}: the rest again. */
  void again(long received) {
    forget(received);
    kept.forEach(s -> out.accept(data(s)));
    if (ended) {
      out.accept(StreamEvent.newBuilder().setEndOfFile(sent));
    }
  }

  /** What was sent from {@code position} on. */
  ByteString since(long position) {
    ByteString all = ByteString.EMPTY;
    for (Sent s : kept) {
      if (s.end() > position) {
        all = all.concat(s.bytes.substring((int) Math.max(0, position - s.position)));
      }
    }
    return all;
  }

  /** Bytes read so far. */
  long sent() {
    return sent;
  }

  /** Bytes that were sent and not taken over. */
  long underWay() {
    return sent - consumed;
  }

  boolean ended() {
    return ended;
  }

  boolean closed() {
    return closed;
  }

  void close() {
    closed = true;
    watch.close();
  }
}
