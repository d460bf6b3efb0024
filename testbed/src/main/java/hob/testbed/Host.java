package hob.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * A host of a testbed. "Here" means the machine that carries it: pids and paths here are the
 * caller's, pids and paths within are those that the host's own processes know.
 *
 * <p>Safe for use by several threads; two that start and stop one host's daemon at once get in each
 * other's way, as they would with a service manager.
 */
public final class Host {
  private final Layout layout;
  private final String name;

  Host(Layout layout, String name) {
    this.layout = layout;
    this.name = name;
  }

  /** h1, h2, ... */
  public String name() {
    return name;
  }

  /** Its IPv4 address among the testbed's hosts. */
  public String address() {
    return value("address");
  }

  public CpuQuota cpu() {
    return CpuQuota.parse(value("cpu"));
  }

  public LinkRate rate() {
    return LinkRate.parse(value("rate"));
  }

  /** False between {@link Testbed#cutLink} and {@link Testbed#restoreLink}. */
  public boolean linkUp() {
    return value("link").equals("up");
  }

  private String value(String file) {
    return Layout.read(layout.run(name).resolve(file));
  }

  /** Whether the host still runs: whether its pid 1 does. */
  public boolean alive() {
    return layout.init(name).map(ProcessId::alive).orElse(false);
  }

  /** Pid here of the host's pid 1. */
  public long init() {
    return living().pid();
  }

  private ProcessId living() {
    return layout
        .init(name)
        .filter(ProcessId::alive)
        .orElseThrow(
            () -> new TestbedException(name + " is dead; end the testbed with: hob testbed down"));
  }

  /** Path here of the host's root directory; goes through the host's own mounts. */
  public Path root() {
    return Path.of("/proc/" + init() + "/root");
  }

  /** Path here of the daemon's control socket, open to anybody here who may connect. */
  public Path controlSocket() {
    return root().resolve("run/hob/hobd.sock");
  }

  /**
   * Directory, by the same path here and within, with the daemon's configuration, state and logs.
   */
  public Path disk() {
    return layout.disk(name);
  }

  /** Inode of the host's pid namespace, as in {@code readlink /proc/self/ns/pid}. */
  public long pidNamespaceInode() {
    return namespaceInode("pid");
  }

  /**
   * Inode of one of the host's namespaces.
   *
   * @param kind net, mnt, pid, uts or ipc
   */
  public long namespaceInode(String kind) {
    String link = Namespaces.of(living(), kind);
    return Long.parseLong(link.substring(link.indexOf('[') + 1, link.indexOf(']')));
  }

  // ------------------------------------------------------------------ processes

  /**
   * Command prefix that runs what follows within the host's namespaces; nothing more: not in its
   * control groups, with a parent outside. {@link #exec} is the better way in.
   */
  public List<String> enter() {
    return List.of(
        "nsenter", "-t", Long.toString(init()), "-n", "-m", "-u", "-i", "-p", "--wd=" + cwd());
  }

  private static Path cwd() {
    return Path.of("").toAbsolutePath();
  }

  /** Starts a command as `hob testbed exec` does; its streams are pipes to the caller. */
  public Process exec(List<String> command) {
    return exec(command, _ -> {});
  }

  /**
   * Starts a command as `hob testbed exec` does.
   *
   * @param change sets streams, directory or environment
   */
  public Process exec(List<String> command, Consumer<ProcessBuilder> change) {
    List<String> whole = new ArrayList<>();
    whole.addAll(List.of("/bin/sh", layout.run().resolve("exec").toString(), name, "--"));
    whole.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(whole);
    change.accept(builder);
    try {
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a command with an empty input to its end. */
  public Completed run(String... command) {
    try {
      Path errors = Files.createTempFile("hob-testbed", ".err");
      try {
        Process process = exec(List.of(command), b -> b.redirectError(errors.toFile()));
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        return new Completed(status, output, Files.readString(errors));
      } finally {
        Files.delete(errors);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TestbedException("interrupted", e);
    }
  }

  /**
   * Starts a command that outlives the call: a child of the host's pid 1, in a session of its own.
   *
   * @param output file for what it writes
   * @return its pid within the host
   */
  public int spawn(List<String> command, Path output) {
    List<String> whole = new ArrayList<>();
    // $! is the command's own pid: setsid(1) does not fork when it leads no group.
    String script =
        """
        output=$1; shift
        setsid env --default-signal=INT,QUIT -- "$@" </dev/null >"$output" 2>&1 &
        echo $!
        """;
    whole.addAll(List.of("/bin/sh", "-c", script, "spawn", output.toString()));
    whole.addAll(command);
    Completed done = run(whole.toArray(String[]::new));
    if (done.status() != 0) {
      throw new TestbedException(
          "cannot start %s on %s: %s".formatted(command, name, done.error().strip()));
    }
    return Integer.parseInt(done.output().strip());
  }

  /** Pid here of a process in the host's own pid namespace (not in one below it). */
  public OptionalLong pidHere(int pidWithin) {
    String namespace = Namespaces.of(living(), "pid");
    return ProcessHandle.allProcesses()
        .mapToLong(ProcessHandle::pid)
        .filter(pid -> pidWithin(pid).equals(OptionalInt.of(pidWithin)))
        .filter(pid -> ProcessId.of(pid).filter(p -> in(namespace, p)).isPresent())
        .findFirst();
  }

  private static boolean in(String namespace, ProcessId process) {
    try {
      return Namespaces.of(process, "pid").equals(namespace);
    } catch (TestbedException e) {
      return false; // it ended meanwhile
    }
  }

  /**
   * Pid within its own pid namespace of a process here: of the host's, if the process is one of the
   * host's own.
   */
  public OptionalInt pidWithin(long pidHere) {
    try {
      return Files.readAllLines(
              Path.of("/proc/" + pidHere + "/status"), StandardCharsets.ISO_8859_1)
          .stream()
          .filter(line -> line.startsWith("NSpid:"))
          .map(line -> line.substring(line.lastIndexOf('\t') + 1))
          .mapToInt(Integer::parseInt)
          .findFirst();
    } catch (IOException e) {
      return OptionalInt.empty(); // gone
    }
  }

  /** Pids here of all processes on the host, those in sandboxes included. */
  public List<Long> processes() {
    return Cgroups.detect().processes(layout.name() + "/" + name);
  }

  // ------------------------------------------------------------------ the daemon

  /** Starts the daemon, and from now on again whenever it ends. Does not wait until it is ready. */
  public void startDaemon() {
    supervisor().start();
  }

  /** Asks the daemon to end (SIGTERM, after 10 s SIGKILL); it stays down until started. */
  public void stopDaemon() {
    supervisor().stop();
  }

  /** SIGKILL to the daemon, which the supervisor starts again at once. */
  public void killDaemon() {
    supervisor().kill();
  }

  /** Leaves the daemon alone; when it ends, it stays down until started. */
  public void holdDaemon() {
    supervisor().hold();
  }

  /** SIGKILL to the daemon, which stays down until started. */
  public void killDaemonAndHold() {
    supervisor().killAndHold();
  }

  /** Pid here of the daemon, if it runs. */
  public OptionalLong daemonPid() {
    Optional<ProcessId> daemon = supervisor().daemon();
    return daemon.isPresent() ? OptionalLong.of(daemon.get().pid()) : OptionalLong.empty();
  }

  /**
   * Waits until the daemon is ready.
   *
   * @throws TestbedException when it is not in time, or ends again and again
   */
  public void awaitDaemon(DaemonSpec.Readiness readiness, Duration patience) {
    supervisor().await(readiness, patience);
  }

  /** Waits until the daemon's control socket takes connections. */
  public void awaitDaemon(Duration patience) {
    awaitDaemon(DaemonSpec::connectable, patience);
  }

  private Supervisor supervisor() {
    return new Supervisor(this, disk());
  }

  // ------------------------------------------------------------------ for the testbed

  /** Feeds a batch to ip or tc within the host's network namespace. */
  void network(String tool, String batch) {
    Command.run(batch, List.of("nsenter", "-t", Long.toString(init()), "-n", tool, "-batch", "-"));
  }

  @Override
  public String toString() {
    return name;
  }
}
