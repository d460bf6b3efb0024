package hob.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A host's daemon and the shell script on the host that starts it again. Both sides talk through
 * files: {@code daemon.pid}, {@code supervisor.pid} and {@code hold} in the host's /run/hob.
 *
 * <p>Java does without help from the script what tests must do at once, such as killing.
 */
final class Supervisor {
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(10);

  /** A daemon that ends so often before it gets ready never will. */
  private static final int HOPELESS = 3;

  private static final int TAIL_LINES = 8;

  private final Host host;
  private final Path disk;

  Supervisor(Host host, Path disk) {
    this.host = host;
    this.disk = disk;
  }

  /** Writes what the daemon and its supervisor need. */
  static void install(Path disk, HostConfig config, DaemonSpec daemon) {
    try {
      Files.createDirectories(config.tls());
      Files.createDirectories(config.state());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Path configFile = disk.resolve("hobd.conf");
    String settings =
        daemon.settings().entrySet().stream()
            .map(e -> e.getKey() + " = " + e.getValue() + "\n")
            .sorted()
            .collect(Collectors.joining());
    Layout.write(configFile, config.toHocon() + settings);
    Layout.write(disk.resolve("supervise"), Resources.text("supervise.sh"));
    // What systemd would set.
    Map<String, String> environment =
        new TreeMap<>(
            Map.of(
                "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "LANG", "C.UTF-8",
                "HOME", "/root"));
    environment.putAll(daemon.environment());
    String variables =
        environment.entrySet().stream()
            .map(e -> quote(e.getKey() + "=" + e.getValue()))
            .collect(Collectors.joining(" "));
    String command =
        daemon.command().stream()
            .map(w -> w.replace("{config}", configFile.toString()).replace("{host}", config.name()))
            .map(Supervisor::quote)
            .collect(Collectors.joining(" "));
    Layout.write(
        disk.resolve("daemon"), "exec env -i --default-signal " + variables + " " + command);
  }

  private static String quote(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  void start() {
    Path script = disk.resolve("supervise");
    if (!Files.exists(script)) {
      throw new TestbedException(
          host.name() + " has no daemon: the testbed was made without; make it anew with one");
    }
    Completed done = host.run("/bin/sh", script.toString(), "start");
    if (done.status() != 0) {
      throw new TestbedException(
          "cannot start the daemon on " + host.name() + ": " + done.error().strip());
    }
  }

  /** SIGTERM, and SIGKILL if that does not help; the daemon stays down. */
  void stop() {
    hold();
    daemon().flatMap(p -> ProcessHandle.of(p.pid())).ifPresent(ProcessHandle::destroy);
    Deadline deadline = new Deadline(STOP_PATIENCE);
    while (process("supervisor.pid").isPresent() && !deadline.over()) {
      deadline.pause();
    }
    kill();
    awaitSupervisorEnd();
  }

  /** SIGKILL; the daemon stays down. */
  void killAndHold() {
    hold();
    kill();
    awaitSupervisorEnd();
  }

  /** SIGKILL; the supervisor starts the next one. Returns when the old one is dead. */
  void kill() {
    Optional<ProcessId> daemon = daemon();
    daemon.ifPresent(ProcessId::kill);
    Deadline deadline = new Deadline(STOP_PATIENCE);
    while (daemon.isPresent() && daemon.get().alive()) {
      if (deadline.over()) {
        throw new TestbedException(
            "the daemon on " + host.name() + " does not die: process " + daemon.get().pid());
      }
      deadline.pause();
    }
  }

  /** Starts no other daemon when this one ends. */
  void hold() {
    Layout.write(host.root().resolve("run/hob/hold"), "");
  }

  private void awaitSupervisorEnd() {
    Deadline deadline = new Deadline(STOP_PATIENCE);
    while (process("supervisor.pid").isPresent() && !deadline.over()) {
      // It may have been about to start another daemon when the hold came.
      daemon().ifPresent(ProcessId::kill);
      deadline.pause();
    }
  }

  /** The daemon that runs now. */
  Optional<ProcessId> daemon() {
    return process("daemon.pid");
  }

  private Optional<ProcessId> process(String pidFile) {
    String pid = Layout.read(host.root().resolve("run/hob").resolve(pidFile));
    return pid.isEmpty()
        ? Optional.empty()
        : host.pidHere(Integer.parseInt(pid)).stream().boxed().findFirst().flatMap(ProcessId::of);
  }

  /** Waits for the daemon's readiness, or until it is clear that there will be none. */
  void await(DaemonSpec.Readiness readiness, Duration patience) {
    Deadline deadline = new Deadline(patience);
    int endsBefore = ends();
    while (!readiness.ready(host.controlSocket())) {
      boolean hopeless = ends() - endsBefore >= HOPELESS;
      if (hopeless || deadline.over()) {
        throw new TestbedException(
            "the daemon on %s %s; it said:\n%s"
                .formatted(
                    host.name(),
                    hopeless
                        ? "ends as soon as it is started"
                        : "was not ready within " + patience.toSeconds() + " s",
                    tail()));
      }
      deadline.pause();
    }
  }

  private int ends() {
    return (int) output().stream().filter(line -> line.startsWith("supervise: ")).count();
  }

  private String tail() {
    List<String> lines = new ArrayList<>(output());
    lines.addAll(Layout.read(disk.resolve("hobd.log")).lines().toList());
    return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
  }

  private List<String> output() {
    return Layout.read(disk.resolve("daemon.out")).lines().toList();
  }
}
