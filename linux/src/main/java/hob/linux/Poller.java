package hob.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * One thread that waits for many descriptors with {@code epoll(7)} and calls whoever is interested.
 * Callbacks run on that thread and must not block. Other threads add and remove descriptors at any
 * time; what they ask takes effect before the next wait.
 */
public final class Poller implements AutoCloseable {
  /** EPOLLIN. */
  public static final int IN = 1;

  /** EPOLLOUT. */
  public static final int OUT = 4;

  /** EPOLLERR. */
  public static final int ERR = 8;

  /** EPOLLHUP. */
  public static final int HUP = 16;

  /** Told of readiness. */
  public interface Ready {
    /** With the EPOLL bits that hold. */
    void ready(int events);
  }

  private static final System.Logger LOG = System.getLogger(Poller.class.getName());
  private static final int ADD = 1;
  private static final int DEL = 2;
  private static final int MOD = 3;
  private static final int BATCH = 64;

  private final Fd epoll =
      Fd.of(Sys.check(Sys.call(Nr.EPOLL_CREATE1, Fd.O_CLOEXEC), "epoll_create1"));
  private final Fd bell =
      Fd.of(Sys.check(Sys.call(Nr.EVENTFD2, 0, Fd.O_CLOEXEC | Fd.O_NONBLOCK), "eventfd2"));
  private final Map<Integer, Ready> interest = new HashMap<>();
  private final ConcurrentLinkedQueue<Runnable> work = new ConcurrentLinkedQueue<>();
  private final Thread thread;
  private volatile boolean closed;

  /** Starts the thread. */
  public Poller(String name) {
    control(ADD, bell.number(), IN);
    thread = Thread.ofPlatform().daemon().name(name).start(this::loop);
  }

  /** Runs {@code task} on the poller's thread soon. */
  public void submit(Runnable task) {
    work.add(task);
    if (!Thread.currentThread().equals(thread)) {
      bell.writeAll(new byte[] {1, 0, 0, 0, 0, 0, 0, 0});
    }
  }

  /**
   * Calls {@code ready} whenever one of {@code events}, ERR or HUP holds (level-triggered), until
   * {@link #remove}.
   */
  public void add(Fd fd, int events, Ready ready) {
    int number = fd.number();
    submit(() -> {
      interest.put(number, ready);
      control(ADD, number, events);
    });
  }

  /** Changes the events; on the poller's thread. */
  public void change(Fd fd, int events) {
    control(MOD, fd.number(), events);
  }

  /**
   * Stops: when this returns, the callback runs no more, and {@code after} has run, which is the
   * place to close the descriptor.
   */
  public void remove(Fd fd, Runnable after) {
    int number = fd.number();
    Runnable task =
        () -> {
          if (interest.remove(number) != null) {
            control(DEL, number, 0);
          }
          after.run();
        };
    if (Thread.currentThread().equals(thread)) {
      task.run();
      return;
    }
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    submit(() -> {
      try {
        task.run();
      } finally {
        done.complete(true);
      }
    });
    done.join();
  }

  private void control(int operation, int fd, int events) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.INT, 0, events);
    s.set(Scratch.LONG, 4, fd);
    Sys.check(
        Sys.call(Nr.EPOLL_CTL, epoll.number(), operation, fd, s.address()),
        "epoll_ctl",
        operation,
        fd);
  }

  private void loop() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment events = arena.allocate(12L * BATCH, 8);
      while (!closed) {
        for (Runnable r; (r = work.poll()) != null; ) {
          guarded(r);
        }
        if (closed) {
          return;
        }
        long n = Sys.call(Nr.EPOLL_WAIT, epoll.number(), events.address(), BATCH, -1);
        if (Errno.EINTR.is(n)) {
          continue;
        }
        Sys.check(n, "epoll_wait");
        List<long[]> ready = new ArrayList<>();
        for (int i = 0; i < n; i++) {
          ready.add(
              new long[] {events.get(Scratch.INT, i * 12L), events.get(Scratch.LONG, i * 12L + 4)});
        }
        for (long[] e : ready) {
          dispatch((int) e[0], (int) e[1]);
        }
      }
    } finally {
      epoll.close();
      bell.close();
    }
  }

  private void dispatch(int events, int fd) {
    if (fd == bell.number()) {
      bell.readSome(8);
      return;
    }
    Ready r = interest.get(fd);
    if (r != null) {
      guarded(() -> r.ready(events));
    }
  }

  private static void guarded(Runnable r) {
    try {
      r.run();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "a callback failed", e);
    }
  }

  @Override
  public void close() {
    submit(() -> closed = true);
  }
}
