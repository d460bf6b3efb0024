package hob.bench.freeze;

import hob.bench.Bed;
import hob.bench.BenchContext;
import hob.bench.Benchmark;
import hob.bench.Row;
import hob.cli.DaemonException;
import hob.wire.proto.MigrateReply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;

/** Freeze times between two hosts. */
public final class FreezeBench implements Benchmark {
  private static final int FIRST_ROUNDS = 25;

  private static final int WARM_UP_ROUNDS = 125;

  private static final int ROUNDS = 100;
  private static final int SERIES_ROUNDS = 8;
  private static final int LEAST_SERIES_ROUNDS = 2;

  /** What a size of a series may take, beyond its least rounds. */
  private static final Duration SERIES_PATIENCE = Duration.ofSeconds(5);

  /** A daemon exercises itself in that time. */
  private static final Duration IDLE = Duration.ofMinutes(1);

  private static final Duration READY = Duration.ofMinutes(2);

  /** Section 13 of the design. */
  private static final double MOST_MILLIS = 5;

  private static final double CRIU_PART = 1 / 7.0;
  private static final double LEAST_R2 = 0.95;

  private int started;

  public FreezeBench() {}

  @Override
  public String name() {
    return "freeze";
  }

  @Override
  public String summary() {
    return "how long a process stands still, and how that grows; --criu compares";
  }

  @Override
  public List<Row> run(BenchContext context) throws IOException, InterruptedException {
    List<Row> rows = new ArrayList<>();
    try (Bed bed = Bed.up("bench-freeze-fresh", 2, Map.of())) {
      context.progress().accept("fresh daemons");
      first(bed, bed.compile("state.c"), "of daemons that have just started", rows);
    } catch (DaemonException e) {
      throw new IOException(e.getMessage(), e);
    }
    try (Bed bed = Bed.up("bench-freeze", 2, Map.of())) {
      Path state = bed.compile("state.c");
      context.progress().accept("daemons that have nothing to do");
      Thread.sleep(IDLE);
      nothing(context, bed, state, rows);
      for (Series series : Series.ALL) {
        grow(context, bed, state, series, rows);
      }
    } catch (DaemonException e) {
      throw new IOException(e.getMessage(), e);
    }
    return rows;
  }

  private void nothing(BenchContext context, Bed bed, Path state, List<Row> rows)
      throws IOException, InterruptedException, DaemonException {
    int pid = first(bed, state, "of daemons that have been up for a minute", rows);
    context.progress().accept("warming up");
    roundTrips(bed, pid, WARM_UP_ROUNDS);
    context.progress().accept("null process");
    double[] millis = roundTrips(bed, pid, ROUNDS);
    end(bed, pid);
    double median = BenchContext.median(millis);
    double p99 = percentile(millis, 99);
    rows.add(
        Row.figureAtMost(
            MOST_MILLIS, "freeze of a null process, median", median, "ms", "p99", p99));
    Optional<Criu> criu = Criu.find(bed.directory(), context);
    if (criu.isPresent()) {
      context.progress().accept("CRIU");
      double other = criu.get().dumpAndRestore(state);
      rows.add(
          Row.ratioAtMost(
              CRIU_PART,
              "freeze of a null process, median",
              median,
              "ms",
              "CRIU dump + restore",
              other));
    }
  }

  /** Its first moves; it still runs. */
  private int first(Bed bed, Path state, String when, List<Row> rows)
      throws IOException, InterruptedException, DaemonException {
    int pid = start(bed, state, List.of("0", "1", "0", "0", "1"));
    double[] millis = roundTrips(bed, pid, FIRST_ROUNDS);
    rows.add(
        Row.plain(
            "freeze of a null process, first %d moves %s, median".formatted(millis.length, when),
            BenchContext.median(millis),
            "ms",
            "p99",
            percentile(millis, 99)));
    return pid;
  }

  private void grow(BenchContext context, Bed bed, Path state, Series series, List<Row> rows)
      throws DaemonException {
    List<Line.Point> points = new ArrayList<>();
    for (int size : series.sizes()) {
      int pid = start(bed, state, series.arguments(size));
      double millis = BenchContext.median(settled(bed, pid));
      end(bed, pid);
      points.add(new Line.Point(size, millis));
      context.progress().accept("%s %d: %.2f ms".formatted(series.name(), size, millis));
    }
    Line line = Line.fit(points);
    Line.Point last = points.getLast();
    rows.add(
        Row.plain(
            "freeze with %d x %s".formatted((int) last.x(), series.unit()),
            last.y(),
            "ms",
            "smallest",
            points.getFirst().y()));
    rows.add(
        new Row(
            "freeze, growth with " + series.name(),
            line.slope() * 1e3,
            "us per " + series.unit(),
            "R2 of a line",
            line.r2(),
            "R2 >= " + LEAST_R2,
            line.r2() >= LEAST_R2));
  }

  private int start(Bed bed, Path state, List<String> arguments) {
    Path ready = bed.directory().resolve("ready-" + ++started);
    List<String> command = new ArrayList<>(List.of(state.toString(), ready.toString()));
    command.addAll(arguments);
    int pid = bed.start(bed.directory().resolve("output"), command);
    Bed.await(READY, String.join(" ", command), () -> Files.exists(ready));
    return pid;
  }

  private static void end(Bed bed, int pid) {
    bed.host("h1").run("sh", "-c", "kill -9 $(ps -o pid= --ppid " + pid + ") " + pid);
  }

  /** Freeze times of all moves there and back, milliseconds. */
  private static double[] roundTrips(Bed bed, int pid, int rounds) throws DaemonException {
    double[] millis = new double[2 * rounds];
    for (int i = 0; i < millis.length; i++) {
      MigrateReply reply = bed.migrate(pid, i % 2 == 0 ? "h2" : "home");
      millis[i] = reply.getFreezeNanos() / 1e6;
    }
    return millis;
  }

  /** As {@link #roundTrips}, without the first; fewer rounds when they take long. */
  private static double[] settled(Bed bed, int pid) throws DaemonException {
    roundTrips(bed, pid, 1);
    long start = System.nanoTime();
    double[] all = {};
    for (int i = 0; i < SERIES_ROUNDS; i++) {
      if (i >= LEAST_SERIES_ROUNDS && System.nanoTime() - start > SERIES_PATIENCE.toNanos()) {
        break;
      }
      all =
          DoubleStream.concat(Arrays.stream(all), Arrays.stream(roundTrips(bed, pid, 1))).toArray();
    }
    return all;
  }

  private static double percentile(double[] values, int percent) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)];
  }
}
