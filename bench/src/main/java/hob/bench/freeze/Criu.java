package hob.bench.freeze;

import hob.bench.Bed;
import hob.bench.BenchContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * CRIU beside Hob: dump and restore of the same process on the same machine in the same run. The
 * variable {@code HOB_CRIU} names the program.
 */
final class Criu {
  private static final int ROUNDS = 15;

  private final Path program;
  private final Path directory;

  private Criu(Path program, Path directory) {
    this.program = program;
    this.directory = directory;
  }

  /** Empty when no program is named, or when it does not work here. */
  static Optional<Criu> find(Path directory, BenchContext context) throws InterruptedException {
    String named = System.getenv("HOB_CRIU");
    if (named == null || named.isEmpty()) {
      context.progress().accept("HOB_CRIU names no program to compare with");
      return Optional.empty();
    }
    Criu criu = new Criu(Path.of(named), directory);
    try {
      criu.run("check");
      return Optional.of(criu);
    } catch (IOException e) {
      context.progress().accept("no comparison with CRIU: " + e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * Dumps and restores a process again and again.
   *
   * @return the median of dump and restore together, milliseconds
   */
  double dumpAndRestore(Path state) throws IOException, InterruptedException {
    Path pidFile = directory.resolve("criu.pid");
    Path ready = directory.resolve("criu.ready");
    var _ =
        new ProcessBuilder(
                "setsid",
                "sh",
                "-c",
                "echo $$ > \"$0\"; exec \"$1\" \"$2\" 0 1 0 0 1 </dev/null >/dev/null 2>&1",
                pidFile.toString(),
                state.toString(),
                ready.toString())
            .start();
    Bed.await(Duration.ofSeconds(10), "the process", () -> Files.exists(ready));
    String pid = Files.readString(pidFile).strip();
    List<Double> millis = new ArrayList<>();
    try {
      for (int i = 0; i < ROUNDS; i++) {
        Path images = Files.createDirectory(directory.resolve("criu-" + i));
        double dump = run("dump", "-t", pid, "-D", images.toString());
        double restore = run("restore", "-d", "-D", images.toString());
        millis.add(dump + restore);
      }
    } finally {
      new ProcessBuilder("kill", "-9", pid).start().waitFor();
    }
    return BenchContext.median(millis.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** Runs it; the milliseconds that it took. */
  private double run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    Path log = directory.resolve("criu.log");
    long start = System.nanoTime();
    int status =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start()
            .waitFor();
    double millis = (System.nanoTime() - start) / 1e6;
    if (status != 0) {
      String said = Files.readString(log);
      throw new IOException(
          "%s %s: %s"
              .formatted(program, arguments[0], said.strip().lines().reduce("", (_, l) -> l)));
    }
    return millis;
  }
}
