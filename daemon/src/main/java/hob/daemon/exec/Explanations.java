package hob.daemon.exec;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.PidFd;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
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

  @Override
  public void close() {
    if (!lines.offer(END)) {
      lines.clear();
      boolean _ = lines.offer(END);
    }
  }
}
