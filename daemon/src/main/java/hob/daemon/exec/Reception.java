package hob.daemon.exec;

import hob.home.SessionId;
import hob.image.Adopter;
import hob.image.RefusedException;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.SeccompListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Where shells ask to be put under Hob, without a JVM of their own. One writes {@code PID
 * explain=0|1 on=HOST} into the FIFO {@code ask}, and waits in {@code read(2)} of the FIFO {@code
 * answer}, which nobody ever writes to. That shows that it is the one that wants to be adopted: its
 * read is completed from within, with a newline; or with the end of the file, and the reason in
 * {@code answers/PID}. When the daemon ends, the kernel ends the read.
 *
 * <p>One thread, on which shells are stopped and made to install the filter.
 */
public final class Reception implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Reception.class.getName());
  private static final int S_IFIFO = 0010000;
  private static final int POLLIN = 1;
  private static final int MOST = 4096;
  private static final long PATIENCE_NANOS = 2_000_000_000L;
  private static final long ANSWER_SECONDS = 5;

  private final Path run;
  private final Dispatcher dispatcher;
  private final Executor executor;
  private final ScheduledExecutorService timer;
  private final Fd ask;
  private final Fd answer;
  private final FileStat answerFile;
  private volatile boolean closed;

  /**
   * Opens the FIFOs.
   *
   * @param run the directory of them
   * @param executor of platform threads
   */
  public Reception(
      Path run, Dispatcher dispatcher, Executor executor, ScheduledExecutorService timer)
      throws IOException {
    this.run = run;
    this.dispatcher = dispatcher;
    this.executor = executor;
    this.timer = timer;
    Files.createDirectories(run.resolve("answers"));
    ask = fifo(run.resolve("ask"), "rw--w--w-");
    answer = fifo(run.resolve("answer"), "rw-r--r--");
    answerFile = FileStat.of(answer.path());
    int self = (int) ProcessHandle.current().pid();
    write(
        run.resolve("hobd.pid"),
        self + " " + ProcFs.stat("/proc/" + self + "/stat").startTime() + "\n");
    Thread.ofPlatform().daemon().name("hob-reception").start(this::loop);
  }

  private static Fd fifo(Path path, String permissions) throws IOException {
    if (Files.exists(path) && !FileStat.of(path.toString()).isFifo()) {
      Files.delete(path);
    }
    if (!Files.exists(path)) {
      Fd.makeNode(path.toString(), S_IFIFO | 0600);
    }
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    return Fd.open(path.toString(), Fd.O_RDWR | Fd.O_NONBLOCK);
  }

  private static void write(Path file, String text) throws IOException {
    Path fresh = file.resolveSibling("." + file.getFileName());
    Files.writeString(fresh, text);
    Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
    Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  private void loop() {
    while (!closed) {
      if ((ask.poll(POLLIN, -1) & POLLIN) == 0) {
        continue;
      }
      // Lines are shorter than PIPE_BUF, so none is torn.
      String lines = new String(ask.readSome(MOST), StandardCharsets.UTF_8);
      for (String line : lines.split("\n", -1)) {
        if (!line.isBlank() && !closed) {
          request(line);
        }
      }
    }
    ask.close();
    answer.close();
  }

  private void request(String line) {
    String[] words = line.strip().split(" ", -1);
    try {
      int pid = Integer.parseInt(words[0]);
      boolean explain = false;
      String on = "";
      for (String word : words) {
        explain |= word.equals("explain=1");
        on = word.startsWith("on=") ? word.substring(3) : on;
      }
      adopt(pid, explain, on);
    } catch (NumberFormatException | LinuxException e) {
      LOG.log(System.Logger.Level.DEBUG, "nobody is adopted for \"" + line + "\"", e);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "cannot adopt for \"" + line + "\"", e);
    }
  }

  /** Puts a shell that waits for it under Hob. */
  private void adopt(int pid, boolean explain, String on) {
    awaitReader(pid);
    SessionId session = dispatcher.sessionOf(pid);
    Adopter shell;
    try {
      shell = Adopter.stop(pid);
    } catch (RefusedException e) {
      // It waits no more, or somebody traces it, who then has it wait for ever.
      LOG.log(System.Logger.Level.WARNING, "cannot adopt: {0}", e.getMessage());
      return;
    }
    boolean done = false;
    try {
      String obstacle = dispatcher.obstacle(on);
      if (!obstacle.isEmpty()) {
        answer(pid, obstacle);
        return;
      }
      SeccompListener listener = shell.install();
      dispatcher.listen(
          new Adoption(
              session,
              listener,
              on,
              explain ? Explanations.to(pid, executor) : Explanations.none()));
      done = true;
      LOG.log(System.Logger.Level.DEBUG, "session {0} begins", session);
    } catch (RefusedException e) {
      answer(pid, e.refusals().getFirst().sentence());
    } catch (RuntimeException e) {
      answer(pid, "the daemon failed: " + e);
      throw e;
    } finally {
      shell.finish(done);
    }
  }

  /** Waits until the process stands in {@code read(2)} of the answer. */
  private void awaitReader(int pid) {
    long start = System.nanoTime();
    while (true) {
      Optional<Integer> fd = Adopter.reading(pid);
      if (fd.isPresent() && FileStat.of("/proc/" + pid + "/fd/" + fd.get()).sameAs(answerFile)) {
        return;
      }
      if (System.nanoTime() - start > PATIENCE_NANOS) {
        throw new LinuxException("read", Errno.ETIMEDOUT, pid);
      }
      LockSupport.parkNanos(50_000);
    }
  }

  private void answer(int pid, String why) {
    Path file = run.resolve("answers").resolve(String.valueOf(pid));
    try {
      write(file, why.replace('\n', ' ') + "\n");
      var _ =
          timer.schedule(
              () -> {
                try {
                  Files.deleteIfExists(file);
                } catch (IOException e) {
                  LOG.log(System.Logger.Level.DEBUG, "cannot delete " + file, e);
                }
              },
              ANSWER_SECONDS,
              TimeUnit.SECONDS);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "cannot answer pid " + pid, e);
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    Files.deleteIfExists(run.resolve("hobd.pid"));
    ask.writeAll(new byte[] {'\n'});
  }
}
