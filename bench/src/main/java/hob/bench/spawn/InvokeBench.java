package hob.bench.spawn;

import hob.bench.Bed;
import hob.bench.BenchContext;
import hob.bench.Benchmark;
import hob.bench.Row;
import hob.bench.moves.Footprint;
import hob.testbed.Completed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Starts many commands on other hosts: is each one's output and status right, what has grown? */
public final class InvokeBench implements Benchmark {
  private static final int AT_ONCE = 64;
  private static final int FIRST = 400;
  private static final String AWAY = "bench-answer";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int COUNT =
      Integer.parseInt(System.getenv().getOrDefault("HOB_BENCH_INVOCATIONS", "3000"));

  public InvokeBench() {}

  @Override
  public String name() {
    return "invoke";
  }

  @Override
  public String summary() {
    return "%d commands abroad in a row, and %d at once: are they right, and what has grown"
        .formatted(COUNT, AT_ONCE);
  }

  @Override
  public List<Row> run(BenchContext context) throws IOException, InterruptedException {
    return run(context, COUNT);
  }

  /**
   * Measures.
   *
   * @param count of commands, one after the other; half as many are started 64 at once
   */
  List<Row> run(BenchContext context, int count) throws IOException, InterruptedException {
    Map<String, String> environment =
        Map.of(
            "CONFIG_FORCE_placement_go_0", AWAY,
            "CONFIG_FORCE_placement_slots_h2", Integer.toString(AT_ONCE),
            "CONFIG_FORCE_placement_slots_h3", Integer.toString(AT_ONCE));
    try (Bed bed = Bed.up("bench-invoke", 3, environment)) {
      Path invoke = bed.compile("invoke.c");
      Path answer = bed.directory().resolve(AWAY);
      Files.copy(invoke, answer, StandardCopyOption.COPY_ATTRIBUTES);
      Bed.await(PATIENCE, "commands to go", () -> goes(bed, answer));
      invoke(bed, FIRST, 1);
      invoke(bed, FIRST, AT_ONCE);
      List<Footprint> before = Footprint.all(bed);
      List<Row> rows = new ArrayList<>();
      for (int workers : new int[] {1, AT_ONCE}) {
        int number = workers == 1 ? count : Math.max(1, count / 2);
        context.progress().accept("%d commands, %d at once".formatted(number, workers));
        long start = System.nanoTime();
        Completed done = invoke(bed, number, workers);
        double each = (System.nanoTime() - start) / 1e6 / number;
        boolean right = done.status() == 0;
        rows.add(
            new Row(
                "%d commands abroad, %d at once: what each takes".formatted(number, workers),
                each,
                "ms",
                right ? "none was wrong" : done.output().strip() + done.error().strip(),
                0,
                "0 wrong",
                right));
      }
      rows.addAll(Footprint.growth(before, Footprint.all(bed)));
      return rows;
    }
  }

  private static boolean goes(Bed bed, Path answer) {
    String line =
        "%s --explain sh -c '%s answer 0; sleep 1' 2>&1 | cat".formatted(Spawning.HOB_RUN, answer);
    return bed.host("h1").run("sh", "-c", line).output().contains(": h");
  }

  private static Completed invoke(Bed bed, int count, int workers) {
    return bed.host("h1")
        .run(
            Spawning.HOB_RUN.toString(),
            "--",
            bed.directory().resolve("invoke").toString(),
            Integer.toString(count),
            Integer.toString(workers),
            bed.directory().resolve(AWAY).toString());
  }
}
