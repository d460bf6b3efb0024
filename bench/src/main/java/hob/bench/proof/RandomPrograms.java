package hob.bench.proof;

import hob.bench.Bed;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hob random}: programs that do random legal things and check themselves, moved about. */
@Command(
    name = "hob random",
    description =
        "Runs random programs that check themselves, moves them about, and counts what goes wrong.",
    mixinStandardHelpOptions = true)
public final class RandomPrograms implements Callable<Integer> {
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final int LEAST_MILLIS = 30;
  private static final int MOST_MILLIS = 700;

  @Option(names = "--programs", description = "How many (default: ${DEFAULT-VALUE}).")
  private int programs = 200;

  @Option(
      names = "--seed",
      description = "Of the first; the others follow (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(names = "--millis", description = "How long each works (default: ${DEFAULT-VALUE}).")
  private int millis = 3000;

  @Option(
      names = "--moves",
      description = "How often each moves at most (default: ${DEFAULT-VALUE}).")
  private int moves = 8;

  @Option(names = "--at-once", description = "How many run at once (default: ${DEFAULT-VALUE}).")
  private int atOnce = 2;

  @Option(names = "--logs", paramLabel = "DIR", description = "Leave the daemons' logs there.")
  private @Nullable Path logs;

  @Option(names = "--testbed", hidden = true)
  private String testbed = "random";

  private RandomPrograms() {}

  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs it with these options; its exit status. */
  static int run(String... args) {
    return new CommandLine(new RandomPrograms()).execute(args);
  }

  private record Result(long seed, Journey.End end) {
    boolean right() {
      return end.status().equals(java.util.Optional.of(0)) && end.failed().isEmpty();
    }

    String problem() {
      String status = end.status().map(s -> "exit status " + s).orElse("did not end");
      return "%s; moved %d times; %s %s"
          .formatted(
              status, end.moved(), end.errors().strip(), String.join("; ", end.failed()).strip())
          .strip();
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    int wrong = 0;
    int moved = 0;
    List<String> refused = new ArrayList<>();
    try (Bed bed = Trials.bed(testbed);
        ExecutorService executor = Executors.newFixedThreadPool(atOnce)) {
      Path program = bed.compile("random.c");
      List<Future<Result>> all = new ArrayList<>();
      for (int i = 0; i < programs; i++) {
        long own = seed + i;
        all.add(executor.submit(() -> run(bed, program, own)));
      }
      for (Future<Result> future : all) {
        Result r = future.get();
        moved += r.end.moved();
        refused.addAll(r.end.refused());
        if (!r.right()) {
          wrong++;
          System.out.printf("seed %d WRONG: %s%n", r.seed, r.problem());
        }
      }
      if (logs != null) {
        bed.copyLogs(logs);
      }
    } catch (ExecutionException e) {
      throw new IOException(String.valueOf(e.getCause()), e.getCause());
    }
    refused.stream()
        .map(r -> r.replaceAll("[0-9a-f]*[0-9][0-9a-f]*", "N"))
        .collect(
            java.util.stream.Collectors.groupingBy(
                r -> r, java.util.TreeMap::new, java.util.stream.Collectors.counting()))
        .forEach((why, n) -> System.out.printf("refused %d times: %s%n", n, why));
    System.out.printf(
        "%d random programs from seed %d, moved %d times, %d moves refused: %d wrong%n",
        programs, seed, moved, refused.size(), wrong);
    return wrong == 0 ? 0 : 1;
  }

  private Result run(Bed bed, Path program, long own) throws IOException, InterruptedException {
    Journey.End end =
        Journey.run(
            bed,
            bed.directory().resolve("seed-" + own),
            "exec %s %d %d".formatted(program, own, millis),
            new Journey.Plan(moves, LEAST_MILLIS, MOST_MILLIS, own),
            LIMIT.plusMillis(millis));
    return new Result(own, end);
  }
}
