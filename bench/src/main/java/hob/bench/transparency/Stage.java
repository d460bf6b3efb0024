package hob.bench.transparency;

import hob.bench.Bed;
import hob.cli.DaemonException;
import hob.testbed.Completed;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Plays rows on hosts of a bed. One thread. */
final class Stage implements AutoCloseable {
  private static final List<String> SCRIPTS =
      List.of("main", "stage", "ends", "shells", "setting", "powers", "terminals");
  private static final Path HOB_RUN =
      Path.of(System.getProperty("hob.root", ".")).toAbsolutePath().resolve("libexec/hob-run");
  private static final int SLOTS = 64;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** A row that takes longer hangs. */
  private static final int MOST_SECONDS = 240;

  private final Bed bed;
  private final Path program;
  private final Path main;

  private Stage(Bed bed, Path program, Path main) {
    this.bed = bed;
    this.program = program;
    this.main = main;
  }

  /** Brings three hosts up. */
  static Stage up(String testbed) throws IOException, InterruptedException {
    Bed bed =
        Bed.up(
            testbed,
            3,
            Map.of(
                "CONFIG_FORCE_warm__up", "false",
                "CONFIG_FORCE_placement_slots_h2", Integer.toString(SLOTS),
                "CONFIG_FORCE_placement_slots_h3", Integer.toString(SLOTS)));
    try {
      for (String script : SCRIPTS) {
        try (InputStream in = Stage.class.getResourceAsStream(script + ".py")) {
          if (in == null) {
            throw new IOException("this build lacks " + script + ".py");
          }
          Files.copy(in, bed.directory().resolve(script + ".py"));
        }
      }
      Path program = bed.compile("transparency/program.c");
      Stage stage = new Stage(bed, program, bed.directory().resolve("main.py"));
      Bed.await(PATIENCE, "commands to go", stage::goes);
      return stage;
    } catch (IOException | InterruptedException | RuntimeException e) {
      bed.close();
      throw e;
    }
  }

  /** What hob explains comes a moment after. */
  private boolean goes() {
    String line = HOB_RUN + " --explain sh -c 'sleep 0.1; sleep 0.5' 2>&1 | cat";
    return bed.host("h1").run("sh", "-c", line).output().contains(": h");
  }

  /** All rows: what each is called, and what it is about. */
  Map<String, String> rows() throws IOException {
    Completed listed =
        bed.host("h1")
            .run("env", "MODE=bare", "HOB_RUN=", "PROGRAM=" + program, "python3", main.toString());
    if (listed.status() != 0) {
      throw new IOException(listed.error().strip());
    }
    Map<String, String> rows = new LinkedHashMap<>();
    listed.output().lines().map(l -> l.split("\t", 2)).forEach(l -> rows.put(l[0], l[1]));
    return rows;
  }

  /** What is seen when a row is played, and what went wrong. */
  String play(String row, Mode mode) throws IOException, InterruptedException {
    Path directory = Files.createDirectory(bed.directory().resolve(row + "-" + mode.word()));
    Path outcome = bed.directory().resolve(directory.getFileName() + ".outcome");
    Path errors = bed.directory().resolve(directory.getFileName() + ".errors");
    Process player =
        bed.host("h1")
            .exec(
                List.of(
                    "timeout",
                    "-k",
                    "1",
                    Integer.toString(MOST_SECONDS),
                    "python3",
                    "-B",
                    main.toString(),
                    row,
                    outcome.toString()),
                b -> {
                  b.directory(directory.toFile()).redirectError(errors.toFile());
                  b.environment().put("MODE", mode.word());
                  b.environment().put("HOB_RUN", HOB_RUN.toString());
                  b.environment().put("PROGRAM", program.toString());
                });
    try (BufferedReader asks = player.inputReader(StandardCharsets.UTF_8);
        Writer answers = player.outputWriter(StandardCharsets.UTF_8)) {
      for (String line = asks.readLine(); line != null; line = asks.readLine()) {
        answers.write(answer(line.split(" ")) + "\n");
        answers.flush();
      }
    }
    player.waitFor(MOST_SECONDS, TimeUnit.SECONDS);
    String seen = Files.exists(outcome) ? text(outcome) : "played no outcome\n";
    return seen.replace(directory.toString(), "DIRECTORY") + text(errors);
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.ISO_8859_1);
  }

  private String answer(String[] move) {
    try {
      bed.migrate(Integer.parseInt(move[1]), move[2]);
      return "moved";
    } catch (DaemonException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** Copies what the daemons had to say. */
  void copyLogs(Path to) throws IOException {
    bed.copyLogs(to);
  }

  @Override
  public void close() {
    bed.close();
  }
}
