package hob.daemon;

import com.typesafe.config.ConfigException;
import hob.daemon.log.LineLoggerFinder;
import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.Sched;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** {@code hobd [--config FILE]}: the daemon in the foreground, until SIGTERM or SIGINT. */
public final class Main {
  /** As {@code hob --version} prints it. */
  static final String VERSION = "0.1.0-SNAPSHOT";

  private static final String USAGE =
      """
      usage: hob daemon [--config FILE]
        --config FILE  HOCON; without it %s, if that is there
      """
          .formatted(DaemonConfig.USUAL_FILE);

  private Main() {}

  /** Exit status: 0 after a signal, 1 when the daemon cannot start, 2 for a wrong command line. */
  public static void main(String[] args) throws InterruptedException {
    Path file = DaemonConfig.USUAL_FILE;
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--config" -> {
          if (++i == args.length) {
            fail("--config needs a file", 2);
          }
          file = Path.of(args[i]);
          if (!Files.isReadable(file)) {
            fail("cannot read " + file + ": name another file with --config", 1);
          }
        }
        case "--train" -> {
          Training.run();
          return;
        }
        case "--help", "-h" -> {
          System.out.print(USAGE);
          return;
        }
        default -> fail("hobd does not know " + args[i] + "; see hob daemon --help", 2);
      }
    }
    run(file);
  }

  private static void run(Path file) throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    try {
      DaemonConfig config = DaemonConfig.load(file);
      LineLoggerFinder.open(config.log(), config.logLevel());
      goFirst(config.nice());
      Hobd hobd = Hobd.start(config);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> end(hobd, ended), "hob-end"));
      ended.await();
    } catch (ConfigException e) {
      fail("configuration: " + e.getMessage(), 1);
    } catch (IOException e) {
      fail("cannot start: " + e.getMessage(), 1);
    }
  }

  /**
   * Threads that start later follow those that start them. The compiler's do not go first: what
   * they make pays later. Where the kernel shares the processors among sessions, those of a session
   * share its part, so that the daemon's own is asked for too.
   */
  private static void goFirst(int nice) {
    int pid = (int) ProcessHandle.current().pid();
    for (int tid : ProcFs.threads(pid)) {
      try {
        if (!ProcFs.text("/proc/self/task/" + tid + "/comm").contains("Compiler")) {
          Sched.nice(tid, nice);
        }
      } catch (LinuxException e) {
        if (e.errno() != Errno.ESRCH && e.errno() != Errno.ENOENT) {
          notHad(nice, e);
          return;
        }
      }
    }
    if (ProcFs.stat("/proc/self/stat").sid() == pid
        && Files.exists(Path.of("/proc/self/autogroup"))) {
      try {
        ProcFs.write("/proc/self/autogroup", Integer.toString(nice));
      } catch (LinuxException e) {
        notHad(nice, e);
      }
    }
  }

  private static void notHad(int nice, LinuxException e) {
    System.getLogger(Main.class.getName())
        .log(System.Logger.Level.WARNING, "nice {0} is not had: {1}", nice, e.getMessage());
  }

  private static void end(Hobd hobd, CountDownLatch ended) {
    try {
      hobd.close();
    } catch (IOException e) {
      System.err.println("hobd: " + e.getMessage());
    }
    ended.countDown();
  }

  private static void fail(String line, int status) {
    System.err.println("hobd: " + line);
    System.exit(status);
  }
}
