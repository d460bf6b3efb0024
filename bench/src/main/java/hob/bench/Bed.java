package hob.bench;

import com.google.protobuf.Message;
import hob.cli.Daemon;
import hob.cli.DaemonException;
import hob.testbed.Host;
import hob.testbed.Testbed;
import hob.testbed.TestbedSpec;
import hob.wire.proto.FaultArmRequest;
import hob.wire.proto.FaultClearRequest;
import hob.wire.proto.FaultReply;
import hob.wire.proto.FaultStateRequest;
import hob.wire.proto.HostLine;
import hob.wire.proto.HostsReply;
import hob.wire.proto.HostsRequest;
import hob.wire.proto.MigrateReply;
import hob.wire.proto.MigrateRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Hosts with real daemons, and what their users do. One thread, unless said otherwise. */
public final class Bed implements AutoCloseable {
  private static final Duration PEERS = Duration.ofSeconds(60);
  private static final long POLL_MILLIS = 20;

  private final Testbed testbed;
  private final Path directory;

  private Bed(Testbed testbed, Path directory) {
    this.testbed = testbed;
    this.directory = directory;
  }

  /**
   * Brings hosts up.
   *
   * @param environment of the daemons
   */
  public static Bed up(String name, int hosts, Map<String, String> environment) throws IOException {
    return up(TestbedSpec.standard().withName(name).withHosts(hosts), environment);
  }

  /** The same, with hosts that are like {@code wanted}. */
  public static Bed up(TestbedSpec wanted, Map<String, String> environment) throws IOException {
    String name = wanted.name();
    Testbed.down(name);
    TestbedSpec spec = wanted.endingWithMaker();
    Testbed testbed = Testbed.up(spec.withDaemon(spec.daemon().withEnvironment(environment)));
    Path directory = Files.createTempDirectory("hob-" + name);
    // Not all of what runs there is root's.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Bed bed = new Bed(testbed, directory);
    bed.awaitPeers();
    return bed;
  }

  /** A directory of this bed's own, by the same path on all hosts. */
  public Path directory() {
    return directory;
  }

  /** A host by its name. */
  public Host host(String name) {
    return testbed.host(name);
  }

  /** All hosts. */
  public List<Host> hosts() {
    return testbed.hosts();
  }

  /** Compiles a program that this module carries as a resource; its path. */
  public Path compile(String source) throws IOException, InterruptedException {
    Path file = directory.resolve(source.substring(source.lastIndexOf('/') + 1));
    Path program = directory.resolve(file.getFileName().toString().replace(".c", ""));
    if (Files.exists(program)) {
      return program;
    }
    try (InputStream in = Bed.class.getResourceAsStream(source)) {
      if (in == null) {
        throw new IOException("this build lacks " + source);
      }
      Files.copy(in, file);
    }
    Process gcc =
        new ProcessBuilder(
                "gcc", "-O2", "-Wall", "-pthread", "-o", program.toString(), file.toString())
            .inheritIO()
            .start();
    if (gcc.waitFor() != 0) {
      throw new IOException("gcc cannot compile " + file + "; is gcc installed?");
    }
    return program;
  }

  /** Waits until each daemon hears all others. */
  public void awaitPeers() {
    await(PEERS, "the daemons to hear each other", () -> hosts().stream().allMatch(this::hearsAll));
  }

  private boolean hearsAll(Host host) {
    try {
      return ask(host.name(), HostsRequest.getDefaultInstance(), HostsReply.class)
          .getHostsList()
          .stream()
          .map(HostLine::getState)
          .noneMatch("down"::equals);
    } catch (DaemonException _) {
      return false;
    }
  }

  /** Waits for something. */
  public static void await(Duration atMost, String what, BooleanSupplier there) {
    long end = System.nanoTime() + atMost.toNanos();
    while (!there.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException(
            "waited %d s in vain for %s".formatted(atMost.toSeconds(), what));
      }
      try {
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted");
      }
    }
  }

  /** A command to the daemon of a host; any thread. */
  public <T extends Message> T ask(String host, Message request, Class<T> reply)
      throws DaemonException {
    try (Daemon daemon = Daemon.connect(host(host).controlSocket())) {
      return daemon.call(request, reply);
    }
  }

  /** Moves a process of h1; any thread. */
  public MigrateReply migrate(int pid, String target) throws DaemonException {
    return ask(
        "h1",
        MigrateRequest.newBuilder().setPid(pid).setTarget(target).build(),
        MigrateReply.class);
  }

  /** Arms a fault for so many moves. */
  public void arm(String host, String point, FaultArmRequest.Action action, int millis, int times)
      throws DaemonException {
    ask(
        host,
        FaultArmRequest.newBuilder()
            .setPoint(point)
            .setAction(action)
            .setMillis(millis)
            .setTimes(times)
            .build(),
        FaultReply.class);
  }

  /** Whether a fault is still waiting to strike; false when the daemon cannot be asked. */
  public void disarm(String host) throws DaemonException {
    ask(host, FaultClearRequest.getDefaultInstance(), FaultReply.class);
  }

  /**
   * How many moves a fault has struck there; 0 before it has, while its cut lasts, and when nobody
   * answers.
   */
  public int strikes(String host, String point) {
    try {
      FaultReply state = ask(host, FaultStateRequest.getDefaultInstance(), FaultReply.class);
      return state.getStruckList().contains(point) && !state.getCut() ? state.getStrikes() : 0;
    } catch (DaemonException _) {
      return 0;
    }
  }

  /** Starts a program on h1; its pid there. */
  public int start(Path output, List<String> command) {
    return host("h1").spawn(command, output);
  }

  /** Copies what the daemons had to say to a directory, a file for each host. */
  public void copyLogs(Path to) throws IOException {
    Files.createDirectories(to);
    for (Host host : hosts()) {
      Path log = host.disk().resolve("hobd.log");
      if (Files.exists(log)) {
        Files.copy(log, to.resolve(host.name() + ".log"), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  /** The only child of a process of h1, once it has one. */
  public int childOf(int parent) {
    int[] found = new int[1];
    await(
        Duration.ofSeconds(10),
        "a child of " + parent,
        () -> {
          OptionalInt child = child(parent);
          child.ifPresent(c -> found[0] = c);
          return child.isPresent();
        });
    return found[0];
  }

  private OptionalInt child(int parent) {
    String all = host("h1").run("cat", "/proc/%d/task/%1$d/children".formatted(parent)).output();
    String first = all.strip().split(" ", 2)[0];
    return first.isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(first));
  }

  @Override
  public void close() {
    testbed.close();
  }
}
