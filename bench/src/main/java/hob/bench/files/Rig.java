package hob.bench.files;

import hob.bench.BenchContext;
import hob.testbed.DaemonSpec;
import hob.testbed.Host;
import hob.testbed.Testbed;
import hob.testbed.TestbedException;
import hob.testbed.TestbedSpec;
import hob.wire.tls.CertificateAuthority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** Two hosts of a testbed without daemons: h1 serves files, h2 mounts them. One thread. */
final class Rig implements AutoCloseable {
  private static final int PORT = 7100;

  private final BenchContext context;
  private final Testbed testbed;
  private final Path directory;
  private int mounts;

  Rig(BenchContext context, String name) throws IOException {
    this.context = context;
    directory = Files.createTempDirectory("hob-" + name);
    try {
      Testbed.down(name);
      testbed =
          Testbed.up(
              TestbedSpec.standard()
                  .withName(name)
                  .withHosts(2)
                  .withDaemon(DaemonSpec.none())
                  .endingWithMaker());
    } catch (TestbedException e) {
      throw new IOException(e.getMessage(), e);
    }
    CertificateAuthority authority = CertificateAuthority.create();
    for (String host : List.of("h1", "h2")) {
      authority.issue(host).save(directory.resolve("tls").resolve(host));
    }
  }

  /** A directory by the same path on both. */
  Path directory() {
    return directory;
  }

  Host host(String name) {
    return testbed.host(name);
  }

  /** Starts a program on a host. */
  Child start(String host, List<String> command) throws IOException {
    Consumer<ProcessBuilder> inherit = b -> b.redirectError(ProcessBuilder.Redirect.INHERIT);
    return new Child(host, host(host).exec(command, inherit));
  }

  /** h1's files on h2. */
  final class Served implements AutoCloseable {
    private final Child home;
    private final Child abroad;
    private final Path at;

    /**
     * Mounts.
     *
     * @param root directory of h1
     * @param delayMicros how late each side hears what the other sends; 0 for not
     */
    Served(Path root, int delayMicros) throws IOException {
      Path tls = directory.resolve("tls");
      String address = host("h1").address() + ":" + (PORT + mounts);
      at = Files.createDirectories(directory.resolve("at" + mounts++));
      String delay = "--delay-micros=" + delayMicros;
      home =
          start(
              "h1",
              context.java(
                  Main.class, "serve", "--listen=" + address, "--tls=" + tls.resolve("h1"), delay));
      home.expect("ready");
      abroad =
          start(
              "h2",
              context.java(
                  Main.class,
                  "mount",
                  "--home=" + address,
                  "--tls=" + tls.resolve("h2"),
                  delay,
                  root.toString(),
                  at.toString()));
      abroad.expect("ready");
    }

    /** Where h2 sees them. */
    Path at() {
      return at;
    }

    /** Asks the foreign host's program: {@code ping}, {@code stream}, {@code requests}. */
    double ask(String what) throws IOException {
      abroad.say(what);
      return Double.parseDouble(abroad.expect("=").substring(2));
    }

    @Override
    public void close() {
      abroad.close();
      home.close();
    }
  }

  @Override
  public void close() throws IOException {
    testbed.close();
    Tree.delete(directory);
  }
}
