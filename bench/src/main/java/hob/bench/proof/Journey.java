package hob.bench.proof;

import hob.bench.Bed;
import hob.cli.DaemonException;
import hob.wire.proto.MigrateReply;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;

/**
 * A command that runs on h1, as a child of a shell that waits for it, and is moved about meanwhile.
 * Several journeys may go on at once, each on a thread of its own.
 */
final class Journey {
  /**
   * When it is moved.
   *
   * @param most moves, and as many that are refused or fail; 0 for none at all
   * @param leastMillis between two moves
   * @param mostMillis between two moves
   * @param seed says where to, and when
   */
  record Plan(int most, int leastMillis, int mostMillis, long seed) {
    /** It stays at home. */
    static Plan stay() {
      return new Plan(0, 0, 0, 0);
    }
  }

  /**
   * How it went.
   *
   * @param status the command's exit status as its parent saw it; empty when it did not end in time
   * @param output what it wrote to standard output
   * @param errors what it wrote to standard error
   * @param moved how often it was moved
   * @param refused why it was not moved, when it was not: something of it cannot move
   * @param failed moves that were tried without success
   */
  record End(
      Optional<Integer> status,
      String output,
      String errors,
      int moved,
      List<String> refused,
      List<String> failed) {}

  private final Bed bed;
  private final Path directory;
  private final RandomGenerator random;
  private final Plan plan;
  private final List<String> refused = new ArrayList<>();
  private final List<String> failed = new ArrayList<>();
  private String at = "h1";
  private int moved;

  private Journey(Bed bed, Path directory, Plan plan) {
    this.bed = bed;
    this.directory = directory;
    this.plan = plan;
    this.random = new Random(plan.seed);
  }

  /**
   * Runs a command to its end.
   *
   * @param directory where it works; made here, it leaves {@code output} and {@code errors} there
   * @param script for {@code /bin/sh}; the tree that moves begins with what it execs
   * @param limit after which it is killed
   */
  static End run(Bed bed, Path directory, String script, Plan plan, Duration limit)
      throws IOException, InterruptedException {
    Files.createDirectories(directory);
    return new Journey(bed, directory, plan).run(script, limit);
  }

  private End run(String script, Duration limit) throws IOException, InterruptedException {
    Path body = Files.writeString(directory.resolve("script"), "echo $$ >pid\n" + script + "\n");
    String shell =
        "cd %s; sh %s >output 2>errors; echo $? >status.new; mv status.new status"
            .formatted(directory, body);
    int parent = bed.start(directory.resolve("shell"), List.of("sh", "-c", shell));
    long end = System.nanoTime() + limit.toNanos();
    Bed.await(Duration.ofSeconds(20), "the command to start", () -> number("pid").isPresent());
    int pid = number("pid").orElseThrow();
    long next = System.nanoTime() + pause();
    while (number("status").isEmpty() && System.nanoTime() < end) {
      if (wanted() && System.nanoTime() > next) {
        move(pid);
        next = System.nanoTime() + pause();
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
    Optional<Integer> status = number("status");
    if (status.isEmpty()) {
      bed.host("h1").run("sh", "-c", "kill -9 -- -%d %d".formatted(parent, pid));
    }
    return new End(status, text("output"), text("errors"), moved, refused, failed);
  }

  private boolean wanted() {
    return moved < plan.most && refused.size() < plan.most && failed.size() < plan.most;
  }

  private long pause() {
    return TimeUnit.MILLISECONDS.toNanos(
        plan.leastMillis + random.nextInt(Math.max(1, plan.mostMillis - plan.leastMillis)));
  }

  private void move(int pid) {
    List<String> others =
        bed.hosts().stream().map(h -> h.name()).filter(name -> !name.equals(at)).toList();
    String target = others.get(random.nextInt(others.size()));
    try {
      MigrateReply reply = bed.migrate(pid, target);
      at = reply.getTo();
      moved++;
    } catch (DaemonException e) {
      String why = String.valueOf(e.getMessage());
      switch (e.status()) {
        case CANNOT_MOVE -> refused.add(why);
        case NO_PROCESS -> {
          // It has ended meanwhile.
        }
        default -> {
          if (!endsSoon()) {
            failed.add("%s to %s: %s".formatted(at, target, why));
          }
        }
      }
    }
  }

  /** A move that was overtaken by the end of the process did not fail. */
  private boolean endsSoon() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
    while (number("status").isEmpty() && System.nanoTime() < end) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
    return number("status").isPresent();
  }

  private Optional<Integer> number(String file) {
    String text = text(file).strip();
    return text.isEmpty() ? Optional.empty() : Optional.of(Integer.parseInt(text));
  }

  private String text(String file) {
    try {
      Path path = directory.resolve(file);
      return Files.exists(path)
          ? new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1)
          : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
