package hob.daemon;

import hob.cli.DaemonException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.awaitility.Awaitility;

/**
 * A python process of h1 that does what it is asked, wherever it is. It is asked by way of files of
 * its home, in a directory of its own below /home there; so each answer also shows that files made
 * at home are seen abroad, and the other way round.
 */
final class Agent {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Bed bed;
  private final Path directory;
  private final int pid;
  private int asked;

  private Agent(Bed bed, Path directory, int pid) {
    this.bed = bed;
    this.directory = directory;
    this.pid = pid;
  }

  /** Starts one whose shell writes its exit status into {@code status}. */
  static Agent start(Bed bed, String name) {
    return start(bed, name, "");
  }

  /**
   * The same.
   *
   * @param prefix command that runs python as somebody, who is given the directory
   */
  static Agent start(Bed bed, String name, String prefix) {
    Path directory = Path.of("/home").resolve(name);
    try {
      Path made = Files.createDirectory(bed.host("h1").root().resolve("home/" + name));
      try (var source = Objects.requireNonNull(Agent.class.getResourceAsStream("agent.py"))) {
        Files.write(made.resolve("agent.py"), source.readAllBytes());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String command =
        "chmod 777 %1$s; cd %1$s; %2$s python3 agent.py %1$s; echo $? >status.new; mv status.new status"
            .formatted(directory, prefix);
    int shell = bed.start("h1", Path.of("/dev/null"), "sh", "-c", command);
    Agent agent = new Agent(bed, directory, bed.childOf("h1", shell));
    agent.ask("1");
    return agent;
  }

  int pid() {
    return pid;
  }

  /** A file of its directory, as the test sees it at its home. */
  Path atHome(String file) {
    return bed.host("h1").root().resolve(directory.toString().substring(1)).resolve(file);
  }

  /** A file of its directory, as it sees that. */
  String path(String file) {
    return directory.resolve(file).toString();
  }

  void go(String host) {
    try {
      migrate(host);
    } catch (DaemonException e) {
      throw new IllegalStateException(e);
    }
  }

  void migrate(String host) throws DaemonException {
    bed.migrate("h1", pid, host);
  }

  /**
   * Has it evaluate a python expression, or execute a statement that begins with an exclamation
   * mark.
   *
   * @return the value as text, or what was thrown
   */
  String ask(String expression) {
    tell(expression);
    Path answer = atHome("answer-" + asked);
    Awaitility.await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(2))
        .until(() -> Files.exists(answer));
    return text(answer);
  }

  /** The same, without waiting for the answer. */
  void tell(String expression) {
    asked++;
    try {
      Path fresh = Files.writeString(atHome("ask-new"), expression);
      Files.move(fresh, atHome("ask-" + asked), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits for its end; its exit status as its shell at home saw it. */
  int status() {
    Path status = atHome("status");
    Awaitility.await().atMost(PATIENCE).until(() -> Files.exists(status));
    return Integer.parseInt(text(status).strip());
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends it, if it still lives. */
  void end() {
    if (!Files.exists(atHome("status"))) {
      bed.host("h1").run("kill", "-KILL", Integer.toString(pid));
      status();
    }
  }

  /** What a host has mounted of homes. */
  static List<String> mountsOn(Bed bed, String host) {
    return bed.host(host)
        .run("cat", "/proc/mounts")
        .output()
        .lines()
        .filter(line -> line.contains("fuse.hob"))
        .toList();
  }
}
