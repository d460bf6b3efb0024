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
import java.util.concurrent.TimeUnit;

/** CRIU beside Hob: dump and restore of the same process on the same machine in the same run. */
final class Criu {
  private static final int ROUNDS = 15;
  private static final int RESTORE_TRIES = 5;
  private static final long PID_MILLIS = 100;

  private final Path program;
  private final Path directory;

  private Criu(Path program, Path directory) {
    this.program = program;
    this.directory = directory;
  }

  /** Empty when no program is given, or when it does not work here. */
  static Optional<Criu> find(Path directory, BenchContext context) throws InterruptedException {
    if (context.criu().isEmpty()) {
      context.progress().accept("no criu is given to compare with: --criu=PATH");
      return Optional.empty();
    }
    Criu criu = new Criu(context.criu().get(), directory);
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
    // An orphan: as a child of this program its pid would not be free for the restore at once.
    new ProcessBuilder(
            "sh",
            "-c",
            "setsid \"$1\" \"$2\" 0 1 0 0 1 </dev/null >/dev/null 2>&1 & echo $! > \"$0\"",
            pidFile.toString(),
            state.toString(),
            ready.toString())
        .start()
        .waitFor();
    Bed.await(Duration.ofSeconds(10), "the process", () -> Files.exists(ready));
    String pid = Files.readString(pidFile).strip();
    List<Double> millis = new ArrayList<>();
    try {
      for (int i = 0; i < ROUNDS; i++) {
        Path images = Files.createDirectory(directory.resolve("criu-" + i));
        double dump = run("dump", "-t", pid, "-D", images.toString());
        millis.add(dump + restore(pid, images));
      }
    } finally {
      new ProcessBuilder("kill", "-9", pid).start().waitFor();
    }
    return BenchContext.median(millis.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** A pid that was just freed stays taken for a moment; then criu has to try again. */
  private double restore(String pid, Path images) throws IOException, InterruptedException {
    Path process = Path.of("/proc", pid);
    Bed.await(Duration.ofSeconds(5), "the end of " + process, () -> !Files.exists(process));
    for (int tries = 1; ; tries++) {
      TimeUnit.MILLISECONDS.sleep(PID_MILLIS);
      try {
        return run("restore", "-d", "-D", images.toString());
      } catch (IOException e) {
        if (tries == RESTORE_TRIES) {
          throw e;
        }
      }
    }
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
