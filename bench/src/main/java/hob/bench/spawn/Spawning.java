package hob.bench.spawn;

import hob.bench.Bed;
import hob.testbed.Completed;
import hob.testbed.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Hosts, and a program on h1 that starts others, by itself or under {@code hob run}. */
final class Spawning implements AutoCloseable {
  static final Path HOB_RUN =
      Path.of(System.getProperty("hob.root", ".")).toAbsolutePath().resolve("libexec/hob-run");

  /** A copy of true(1) that goes abroad, and one that stays as all brief programs do. */
  private static final String AWAY = "bench-away";

  private static final String HERE = "bench-here";

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Bed bed;
  private final Path spawn;
  private int files;

  /** What took how long, microseconds. */
  record Times(double median, double p99) {}

  private Spawning(Bed bed, Path spawn) {
    this.bed = bed;
    this.spawn = spawn;
  }

  /**
   * Brings three hosts up.
   *
   * @param slots jobs that h2 and h3 take from h1, each
   */
  static Spawning up(String name, int slots) throws IOException, InterruptedException {
    Bed bed =
        Bed.up(
            name,
            3,
            Map.of(
                "CONFIG_FORCE_placement_go_0",
                AWAY,
                "CONFIG_FORCE_placement_drivers_0",
                "sh",
                "CONFIG_FORCE_placement_drivers_1",
                "spawn",
                "CONFIG_FORCE_placement_stay_0",
                HERE,
                "CONFIG_FORCE_placement_slots_h2",
                Integer.toString(slots),
                "CONFIG_FORCE_placement_slots_h3",
                Integer.toString(slots)));
    try {
      Spawning made = new Spawning(bed, bed.compile("spawn.c"));
      for (String copy : List.of(AWAY, HERE)) {
        Files.copy(Path.of("/bin/true"), made.program(copy), StandardCopyOption.COPY_ATTRIBUTES);
      }
      Bed.await(PATIENCE, "commands to go", made::goes);
      return made;
    } catch (IOException | InterruptedException | RuntimeException e) {
      bed.close();
      throw e;
    }
  }

  private Path program(String name) {
    return bed.directory().resolve(name);
  }

  /** The program that goes to another host. */
  String away() {
    return program(AWAY).toString();
  }

  /** The same program where it stays. */
  String here() {
    return program(HERE).toString();
  }

  /** A directory of all hosts. */
  Path directory() {
    return bed.directory();
  }

  Host host(String name) {
    return bed.host(name);
  }

  /** What hob explains comes a moment after. */
  private boolean goes() {
    String some = "%s exec 20 1 %s %s; sleep 1".formatted(spawn, program("goes"), away());
    Completed said =
        bed.host("h1").run("sh", "-c", HOB_RUN + " --explain sh -c '" + some + "' 2>&1 | cat");
    return said.output().contains(AWAY + ": h");
  }

  /** As it is without hob. */
  Times bare(String mode, int count, int workers, String... program) throws IOException {
    return run(List.of(), mode, count, workers, program);
  }

  /** Under {@code hob run}. */
  Times underHob(String mode, int count, int workers, String... program) throws IOException {
    return run(List.of(HOB_RUN.toString(), "--"), mode, count, workers, program);
  }

  /** On h2, from the start. */
  Times abroad(String mode, int count, int workers) throws IOException {
    return run(List.of(HOB_RUN.toString(), "--on", "h2", "--"), mode, count, workers);
  }

  private Times run(List<String> before, String mode, int count, int workers, String... program)
      throws IOException {
    Path out = bed.directory().resolve("times-" + ++files);
    List<String> command = new ArrayList<>(before);
    command.addAll(
        List.of(
            spawn.toString(),
            mode,
            Integer.toString(count),
            Integer.toString(workers),
            out.toString()));
    command.addAll(List.of(program));
    Completed done = bed.host("h1").run(command.toArray(String[]::new));
    if (done.status() != 0) {
      throw new IOException(
          "%s: exit status %d: %s"
              .formatted(String.join(" ", command), done.status(), done.output().strip()));
    }
    double[] micros =
        Files.readAllLines(out).stream()
            .mapToDouble(s -> Long.parseLong(s) / 1e3)
            .sorted()
            .toArray();
    return new Times(micros[micros.length / 2], micros[micros.length * 99 / 100]);
  }

  @Override
  public void close() {
    bed.close();
  }
}
