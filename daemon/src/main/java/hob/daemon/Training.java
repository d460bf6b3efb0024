package hob.daemon;

import hob.daemon.control.Control;
import hob.daemon.log.LineLoggerFinder;
import hob.wire.Endpoint;
import hob.wire.peer.HostInfo;
import hob.wire.tls.CertificateAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/**
 * Does what a daemon does, for the launcher's AOT cache (JEP 483, 515): loads its classes, and
 * moves a process so often that the compiler has profiles of all that a move does: a daemon that
 * starts with them is as fast after some fifty moves as otherwise after a thousand. Leaves nothing
 * behind.
 *
 * <p>The property {@code hob.training.rounds} changes how often, for builds in a hurry.
 */
final class Training {
  private static final int ROUNDS = 250;
  private static final Duration AT_MOST = Duration.ofSeconds(40);

  private Training() {}

  static void run() {
    try {
      Path directory = Files.createTempDirectory("hob-train");
      DaemonConfig config = DaemonConfig.load(directory.resolve("none"));
      LineLoggerFinder.open(directory.resolve("log"), config.logLevel());
      warmUp(directory.resolve("warm-up"));
      Files.deleteIfExists(directory.resolve("log"));
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      System.err.println("hobd: training: " + e.getMessage());
    }
  }

  /** Without root the moves fail; the classes are loaded all the same. */
  private static void warmUp(Path directory) throws IOException {
    HostInfo self = new HostInfo("training", System.getProperty("os.arch"), 1, Set.of());
    ExecutorService executor =
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());
    try (Endpoint endpoint =
        Endpoint.builder(self, Control.messageTypes())
            .identity(CertificateAuthority.create().issue(self.name()))
            .open()) {
      SocketAddress address =
          endpoint
              .listen(
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                  _ -> {
                    throw new IllegalStateException("nobody calls");
                  })
              .address();
      WarmUp.Part all = new WarmUp.Part(Integer.getInteger("hob.training.rounds", ROUNDS), AT_MOST);
      WarmUp warmUp = new WarmUp(endpoint, address, directory, executor, timer);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> end(warmUp), "end"));
      warmUp.run(all, () -> {}, all, () -> false);
    } finally {
      timer.shutdownNow();
      executor.shutdown();
    }
  }

  /** Whoever builds may change their mind. */
  private static void end(WarmUp warmUp) {
    try {
      warmUp.stop();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
