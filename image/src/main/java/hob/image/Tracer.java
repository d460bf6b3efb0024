package hob.image;

import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Wait;
import hob.linux.WaitStatus;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that traces the processes of a session: the kernel takes ptrace calls for a tracee
 * from no other. It sleeps in {@code wait4} and wakes for stops of its tracees, or for work that
 * others submit; to wake it for that, it has a tracee of its own, the bell, which others send
 * SIGURG.
 */
public final class Tracer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Tracer.class.getName());

  /** It may be killed while it is made, by whoever kills by name or parent. */
  private static final int HANG_ATTEMPTS = 100;

  private final Thread thread;
  private final ConcurrentLinkedQueue<Runnable> work = new ConcurrentLinkedQueue<>();
  private final Map<Integer, Consumer<WaitStatus>> watches = new HashMap<>();
  private final CompletableFuture<Boolean> ready = new CompletableFuture<>();

  /** Pid of the bell; there is always one, or the thread is about to look for work. */
  private volatile int bell;

  private volatile boolean closed;

  /** Starts the thread. */
  public Tracer(String name) {
    thread = Thread.ofPlatform().daemon().name("tracer-" + name).start(this::loop);
  }

  /**
   * Runs {@code task} on the tracer's thread and waits for it.
   *
   * @throws RuntimeException what the task threw, when unchecked; checked ones as the cause
   */
  public <T extends @Nullable Object> T call(Callable<T> task) {
    if (Thread.currentThread().equals(thread)) {
      try {
        return task.call();
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
    CompletableFuture<T> result = new CompletableFuture<>();
    submit(() -> {
      try {
        result.complete(task.call());
      } catch (Throwable t) {
        result.completeExceptionally(t);
      }
    });
    try {
      return result.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException r) {
        throw r;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  /** As {@link #call}, without a result. */
  public void run(Runnable task) {
    call(() -> {
      task.run();
      return true;
    });
  }

  /** Runs {@code task} soon on the tracer's thread. */
  public void submit(Runnable task) {
    if (closed) {
      throw new IllegalStateException("tracer is closed");
    }
    ready.join();
    work.add(task);
    Signals.kill(bell, Signals.SIGURG);
  }

  /**
   * Calls {@code watch} on the tracer's thread for each stop or end of {@code tid} that nobody
   * waits for.
   */
  public void watch(int tid, Consumer<WaitStatus> watch) {
    watches.put(tid, watch);
  }

  /** Ends {@link #watch}. */
  public void unwatch(int tid) {
    watches.remove(tid);
  }

  private void loop() {
    try {
      hang();
    } catch (RuntimeException e) {
      ready.completeExceptionally(e);
      throw e;
    }
    ready.complete(true);
    warmUp();
    while (!closed) {
      for (Runnable r; (r = work.poll()) != null; ) {
        guarded(r);
      }
      if (closed) {
        break;
      }
      dispatch();
    }
    Signals.kill(bell, Signals.SIGKILL);
    Capture.awaitEnd(bell);
  }

  /** Hangs up a bell. Whoever submits work from now on rings it. */
  private void hang() {
    for (int left = HANG_ATTEMPTS; ; left--) {
      try {
        int pid = Stub.start("hob-bell", Ptrace.O_EXITKILL).tid();
        Ptrace.signalMask(pid, 0);
        Ptrace.cont(pid, 0);
        bell = pid;
        return;
      } catch (LinuxException e) {
        if (left == 1) {
          throw e;
        }
        LOG.log(System.Logger.Level.WARNING, "hanging up a bell: {0}; once more", e.getMessage());
      }
    }
  }

  /** Allocates and touches this thread's buffers now, not while a tree stands still. */
  private static void warmUp() {
    Batch.warmUp();
    ProcFs.text("/proc/self/maps");
  }

  private void dispatch() {
    WaitStatus s;
    try {
      s = Wait.wait4(-1, Wait.__WALL | Wait.__WNOTHREAD).orElseThrow();
    } catch (LinuxException e) {
      if (e.errno() == Errno.ECHILD) {
        hang();
        return;
      }
      throw e;
    }
    if (s.pid() == bell) {
      if (s.stopped()) {
        Ptrace.cont(bell, 0);
      } else {
        LOG.log(System.Logger.Level.WARNING, "somebody killed a bell ({0}): here is another", s);
        hang();
      }
      return;
    }
    Consumer<WaitStatus> watch = watches.get(s.pid());
    if (watch != null) {
      if (s.gone()) {
        watches.remove(s.pid());
      }
      guarded(() -> watch.accept(s));
    }
  }

  private static void guarded(Runnable r) {
    try {
      r.run();
    } catch (RuntimeException | Error e) {
      // Whatever it is: without this thread nobody could work on the session again.
      LOG.log(System.Logger.Level.ERROR, "a tracer's task failed", e);
    }
  }

  /** Ends the thread; its tracees run on untraced. */
  @Override
  public void close() {
    if (!closed) {
      submit(() -> closed = true);
    }
  }
}
