package hob.daemon.exec;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.PidFd;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Says on the standard error of {@code hob run --explain} where each command went, and why. Any
 * thread; a reader that does not read holds up nobody, and loses lines.
 */
final class Explanations implements AutoCloseable {
  private static final int MOST_WAITING = 1_000;
  private static final String END = "";

  private final @Nullable Fd out;
  private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>(MOST_WAITING);

  /** Those who may have something to say: the session, and each command under way. */
  private final AtomicInteger speakers = new AtomicInteger(1);

  private Explanations(@Nullable Fd out) {
    this.out = out;
  }

  /** For a session that did not ask. */
  static Explanations none() {
    return new Explanations(null);
  }

  /** On the standard error of a process. */
  static Explanations to(int pid, Executor executor) {
    try (Fd process = PidFd.open(pid)) {
      Explanations e = new Explanations(PidFd.get(process, 2));
      executor.execute(e::write);
      return e;
    } catch (LinuxException _) {
      return none();
    }
  }

  boolean wanted() {
    return out != null;
  }

  /** Somebody more may have something to say, until another {@link #close}. */
  Explanations join() {
    speakers.incrementAndGet();
    return this;
  }

  void say(String line) {
    if (wanted()) {
      boolean _ = lines.offer("hob: " + line + "\n");
    }
  }

  private void write() {
    try (Fd fd = out) {
      for (String line = lines.take(); !line.equals(END); line = lines.take()) {
        if (fd != null) {
          fd.writeAll(line.getBytes(StandardCharsets.UTF_8));
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (LinuxException e) {
      if (e.errno() != Errno.EPIPE && e.errno() != Errno.EIO) {
        throw e;
      }
    }
  }

  /** One has nothing more to say; with the last one what was said ends. */
  @Override
  public void close() {
    if (speakers.decrementAndGet() == 0 && !lines.offer(END)) {
      lines.clear();
      boolean _ = lines.offer(END);
    }
  }
}
