package hob.bench.moves;

import hob.bench.Bed;
import hob.bench.BenchContext;
import hob.bench.Benchmark;
import hob.bench.Row;
import hob.cli.DaemonException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Moves one program a thousand times: does it still run right, and has any daemon grown? */
public final class MovesBench implements Benchmark {
  private static final int MOVES = 1_002;

  /** After these the daemons have all that they keep: pools, buffers, connections. */
  private static final int FIRST_MOVES = 102;

  private static final List<String> ROUTE = List.of("h2", "h3", "home");
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  public MovesBench() {}

  @Override
  public String name() {
    return "moves";
  }

  @Override
  public String summary() {
    return "a program moved " + MOVES + " times: is it right, and what has grown";
  }

  @Override
  public List<Row> run(BenchContext context) throws IOException, InterruptedException {
    return run(context, FIRST_MOVES, MOVES);
  }

  /**
   * Measures.
   *
   * @param first after how many moves growth begins to count; ends at home, as {@code all} does
   * @param all moves
   */
  List<Row> run(BenchContext context, int first, int all) throws IOException, InterruptedException {
    try (Bed bed = Bed.up("bench-moves", 3, Map.of())) {
      Path numbers = bed.directory().resolve("numbers");
      Path status = bed.directory().resolve("status");
      Path output = bed.directory().resolve("output");
      Path program = bed.compile("steady.c");
      int shell =
          bed.start(
              output,
              List.of(
                  "sh",
                  "-c",
                  "\"$0\" \"$1\"; echo $? > \"$2\"",
                  program.toString(),
                  numbers.toString(),
                  status.toString()));
      int pid = bed.childOf(shell);
      Bed.await(PATIENCE, "the program to run", () -> !read(numbers).isEmpty());
      List<Double> freezes = new ArrayList<>(move(bed, pid, 0, first, context));
      List<Footprint> before = Footprint.all(bed);
      freezes.addAll(move(bed, pid, first, all, context));
      List<Footprint> after = Footprint.all(bed);
      bed.migrate(pid, "h2");
      bed.host("h1").run("kill", "-TERM", Integer.toString(pid));
      Bed.await(PATIENCE, "the program to end", () -> !read(status).isEmpty());
      List<Row> rows = new ArrayList<>();
      rows.add(right(read(status).strip(), read(output), numbers, all));
      double[] millis = freezes.stream().mapToDouble(Double::doubleValue).sorted().toArray();
      rows.add(
          Row.plain(
              "freeze of that program, median",
              BenchContext.median(millis),
              "ms",
              "p99",
              millis[millis.length * 99 / 100]));
      rows.addAll(Footprint.growth(before, after));
      return rows;
    } catch (DaemonException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static List<Double> move(Bed bed, int pid, int from, int to, BenchContext context)
      throws DaemonException {
    List<Double> millis = new ArrayList<>();
    for (int i = from; i < to; i++) {
      millis.add(bed.migrate(pid, ROUTE.get(i % ROUTE.size())).getFreezeNanos() / 1e6);
      if ((i + 1) % 100 == 0) {
        context.progress().accept((i + 1) + " moves");
      }
    }
    return millis;
  }

  /** The lines tell whether it lost or repeated any of its rounds. */
  private static Row right(String status, String said, Path numbers, int moves) throws IOException {
    long wrong = status.equals("0") ? 0 : 1;
    long expected = 1;
    for (String line : Files.readAllLines(numbers)) {
      wrong += Long.parseLong(line) == expected++ ? 0 : 1;
    }
    String what = "what a program moved %d times got wrong".formatted(moves);
    String detail = wrong == 0 ? "" : "; it said: " + said.strip();
    return new Row(
        what, wrong, "errors", "lines it wrote: " + (expected - 1) + detail, 0, "0", wrong == 0);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException _) {
      return "";
    }
  }
}
