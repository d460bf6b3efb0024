package hob.home;

import com.google.protobuf.ByteString;
import hob.home.proto.StreamData;
import hob.home.proto.StreamEvent;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Pipe;
import hob.linux.Poller;
import hob.linux.Sys;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The end of one direction where bytes go: queues what arrives, writes it to a descriptor as that
 * has room, and tells the sender how far it came. What comes twice is dropped, what comes early
 * waits. Under the lock of {@link SessionStreams}.
 */
final class StreamReceiver {
  private static final int TELL = 16384;

  private record After(long position, Runnable action) {}

  private final Fd sink;
  private final Watch watch;
  private final boolean keepLines;
  private final MemorySegment buffer;
  private final Consumer<StreamEvent.Builder> out;
  private final Runnable onEnd;
  private final Deque<ByteString> queue = new ArrayDeque<>();
  private final TreeMap<Long, ByteString> early = new TreeMap<>();
  private final List<After> afters = new ArrayList<>();
  private long next;
  private long written;
  private long told;
  private boolean frozen;
  private boolean broken;
  private boolean closed;

  /**
   * A receiver.
   *
   * @param sink O_NONBLOCK; closed by {@link #close}
   * @param keepLines written to a pipe in pieces that end with a line
   * @param received bytes that came before
   * @param onEnd called when all is written and nothing will come
   */
  StreamReceiver(
      Poller poller,
      Fd sink,
      Poller.Ready ready,
      boolean keepLines,
      MemorySegment buffer,
      Consumer<StreamEvent.Builder> out,
      long received,
      Runnable onEnd) {
    this.sink = sink;
    this.watch = new Watch(poller, sink, ready);
    this.keepLines = keepLines;
    this.buffer = buffer;
    this.out = out;
    this.onEnd = onEnd;
    this.next = received;
    this.written = received;
    this.told = received;
  }

  /** Bytes that belong before the position where it begins. */
  void first(ByteString unread) {
    if (!unread.isEmpty()) {
      queue.addFirst(unread);
      written -= unread.size();
    }
  }

  void data(StreamData d) {
    long position = d.getPosition();
    ByteString bytes = d.getBytes();
    if (position + bytes.size() <= next) {
      return;
    }
    if (position > next) {
      early.put(position, bytes);
      return;
    }
    append(bytes.substring((int) (next - position)));
    while (!early.isEmpty() && early.firstKey() <= next) {
      var e = early.pollFirstEntry();
      long skip = next - e.getKey();
      if (skip < e.getValue().size()) {
        append(e.getValue().substring((int) skip));
      }
    }
    pump();
  }

  private void append(ByteString bytes) {
    queue.add(bytes);
    next += bytes.size();
  }

  /** Nothing comes from {@code position} on. */
  void end(long position) {
    after(
        position,
        () -> {
          close();
          onEnd.run();
        });
  }

  /** Runs {@code action} when all before {@code position} is written, or never will be. */
  void after(long position, Runnable action) {
    afters.add(new After(position, action));
    pump();
  }

  /** Writes what there is room for. */
  void pump() {
    if (frozen) {
      watch.want(Watch.NONE);
      return;
    }
    while (!queue.isEmpty() && !broken && !closed) {
      long n = write(queue.getFirst());
      if (n == 0) {
        break;
      }
      if (n < 0) {
        breakOff();
        break;
      }
      ByteString head = queue.removeFirst();
      if (n < head.size()) {
        queue.addFirst(head.substring((int) n));
      }
      written += n;
    }
    if (broken || closed) {
      queue.clear();
      early.clear();
      written = next;
    }
    tell();
    if (!broken && !closed) {
      watch.want(queue.isEmpty() ? Watch.ERRORS : Poller.OUT);
    }
    act();
  }

  private long write(ByteString head) {
    int n = (int) Math.min(head.size(), buffer.byteSize());
    MemorySegment.copy(head.substring(0, n).toByteArray(), 0, buffer, ValueLayout.JAVA_BYTE, 0, n);
    long r = keepLines ? Pipe.writeLines(sink, buffer, n) : sink.write(buffer.asSlice(0, n));
    if (Errno.EAGAIN.is(r) || Errno.EINTR.is(r)) {
      return 0;
    }
    if (Errno.EPIPE.is(r) || Errno.EIO.is(r)) {
      return -1;
    }
    return Sys.check(r, "write", sink, n);
  }

  private void tell() {
    if (written - told >= TELL || (queue.isEmpty() && written > told)) {
      told = written;
      out.accept(StreamEvent.newBuilder().setConsumed(told));
    }
  }

  private void act() {
    List<Runnable> due = new ArrayList<>();
    for (Iterator<After> i = afters.iterator(); i.hasNext(); ) {
      After a = i.next();
      if (broken || closed || a.position <= written) {
        i.remove();
        due.add(a.action);
      }
    }
    due.forEach(Runnable::run);
  }

  /** Nobody reads any more: tells the sender. */
  void breakOff() {
    if (!broken && !closed && !frozen) {
      broken = true;
      out.accept(StreamEvent.newBuilder().setBroken(true));
      close();
      pump();
    } else if (frozen) {
      watch.want(Watch.NONE);
    }
  }

  /** While the reader's state is being taken nothing is written or told. */
  void freeze(boolean on) {
    frozen = on;
    pump();
  }

  /** What arrived and is not written yet. */
  ByteString queued() {
    return ByteString.copyFrom(queue);
  }

  /** Position after the last byte that arrived in order. */
  long received() {
    return next;
  }

  /** All that arrived is written. */
  boolean idle() {
    return written == next;
  }

  /** All before {@code position} is written, or never will be. */
  boolean through(long position) {
    return closed || broken || written >= position;
  }

  boolean closed() {
    return closed;
  }

  void close() {
    if (!closed) {
      closed = true;
      watch.close();
      List<After> left = List.copyOf(afters);
      afters.clear();
      left.forEach(a -> a.action.run());
    }
  }
}
