package hob.bench.files;

import hob.bench.BenchContext;
import hob.bench.Benchmark;
import hob.bench.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The home's files abroad against the home's own file system, call by call. */
public final class FilesBench implements Benchmark {
  private static final int ROUNDS = 7;
  private static final int LOOKUP_ROUNDS = 12;
  private static final int NAMES = 1_000;
  private static final int BIG_BYTES = 256 << 20;
  private static final int SMALL_BYTES = 4096;
  private static final double MOST_STAT = 1.3;
  private static final double MOST_OPEN = 2;
  private static final double LEAST_CACHED = 0.5;
  private static final double LEAST_COLD = 0.6;
  private static final double MOST_LOOKUP_MICROS = 60;

  public FilesBench() {}

  @Override
  public String name() {
    return "files";
  }

  @Override
  public String summary() {
    return "the home's files abroad against the home's own file system";
  }

  @Override
  public List<Row> run(BenchContext context) throws IOException {
    try (Rig rig = new Rig(context, "bench-files")) {
      Path root = prepare(rig.directory().resolve("root"));
      try (Rig.Served served = rig.new Served(root, 0);
          Child prober = rig.start("h2", context.java(Prober.class))) {
        prober.expect("ready");
        return measure(context, prober, served, root);
      }
    }
  }

  private static Path prepare(Path root) throws IOException {
    Random random = new Random(1);
    byte[] piece = new byte[1 << 20];
    Files.createDirectories(root);
    for (int round = 0; round < LOOKUP_ROUNDS; round++) {
      Path directory = Files.createDirectories(root.resolve("names" + round));
      for (int i = 0; i < NAMES; i++) {
        Files.createFile(directory.resolve(Integer.toString(i)));
      }
    }
    try (var out = Files.newOutputStream(root.resolve("big"))) {
      for (int bytes = 0; bytes < BIG_BYTES; bytes += piece.length) {
        random.nextBytes(piece);
        out.write(piece);
      }
    }
    Files.write(root.resolve("small"), java.util.Arrays.copyOf(piece, SMALL_BYTES));
    return root;
  }

  private static List<Row> measure(BenchContext context, Child prober, Rig.Served served, Path root)
      throws IOException {
    List<Row> rows = new ArrayList<>();
    context.progress().accept("calls that the cache answers");
    Pair stat = inTurns(prober, "stat ", root.resolve("small"), served.at().resolve("small"));
    rows.add(
        Row.ratioAtMost(
            MOST_STAT, "cached stat", stat.abroad / 1e3, "us", "at home", stat.home / 1e3));
    Pair open = inTurns(prober, "open ", root.resolve("small"), served.at().resolve("small"));
    rows.add(
        Row.ratioAtMost(
            MOST_OPEN,
            "open, read, close of a cached 4 KiB file",
            open.abroad / 1e3,
            "us",
            "at home",
            open.home / 1e3));
    Pair cached = inTurns(prober, "cached ", root.resolve("big"), served.at().resolve("big"));
    rows.add(
        Row.ratioAtLeast(
            LEAST_CACHED, "sequential cached read", cached.abroad, "MB/s", "at home", cached.home));
    context.progress().accept("what goes to the home");
    rows.add(cold(prober, served));
    rows.add(lookups(prober, served));
    return rows;
  }

  private static Row cold(Child prober, Rig.Served served) throws IOException {
    double[] cold = new double[ROUNDS];
    double[] bare = new double[ROUNDS];
    for (int round = -1; round < ROUNDS; round++) {
      double connection = served.ask("stream " + (BIG_BYTES >> 20));
      double file = ask(prober, "cold " + served.at().resolve("big"));
      if (round >= 0) {
        bare[round] = connection;
        cold[round] = file;
      }
    }
    return Row.ratioAtLeast(
        LEAST_COLD,
        "sequential cold read",
        BenchContext.median(cold),
        "MB/s",
        "the TLS connection alone",
        BenchContext.median(bare));
  }

  private static Row lookups(Child prober, Rig.Served served) throws IOException {
    double[] micros = new double[LOOKUP_ROUNDS / 2];
    double[] trips = new double[LOOKUP_ROUNDS / 2];
    for (int round = 0; round < LOOKUP_ROUNDS; round++) {
      double lookup = ask(prober, "lookup " + served.at().resolve("names" + round)) / 1e3;
      double trip = served.ask("ping 1000");
      int counted = round - LOOKUP_ROUNDS / 2;
      if (counted >= 0) {
        micros[counted] = lookup;
        trips[counted] = trip;
      }
    }
    double trip = BenchContext.median(trips);
    return Row.figureAtMost(
        MOST_LOOKUP_MICROS + trip,
        "uncached look-up",
        BenchContext.median(micros),
        "us",
        "a round trip",
        trip);
  }

  private record Pair(double home, double abroad) {}

  private static Pair inTurns(Child prober, String job, Path home, Path abroad) throws IOException {
    double[] homes = new double[ROUNDS];
    double[] abroads = new double[ROUNDS];
    for (int round = -1; round < ROUNDS; round++) {
      double one = ask(prober, job + home);
      double other = ask(prober, job + abroad);
      if (round >= 0) {
        homes[round] = one;
        abroads[round] = other;
      }
    }
    return new Pair(BenchContext.median(homes), BenchContext.median(abroads));
  }

  private static double ask(Child prober, String job) throws IOException {
    prober.say(job);
    return Double.parseDouble(prober.expect("=").substring(2));
  }
}
