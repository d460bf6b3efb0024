package hob.bench.proof;

import hob.bench.Bed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Programs tried on hosts of this machine, each a row of a table: the options and the loop that
 * commands have in common. One thread, but for the trials themselves.
 */
final class Trials {
  private static final int HOSTS = 3;

  @Option(
      names = "--markdown",
      paramLabel = "FILE",
      description = "Write the table there; rows of others in it stay.")
  private @Nullable Path markdown;

  @Option(names = "--logs", paramLabel = "DIR", description = "Leave the daemons' logs there.")
  private @Nullable Path logs;

  @Option(names = "--at-once", description = "How many run at once (default: ${DEFAULT-VALUE}).")
  private int atOnce = 1;

  @Option(names = "--testbed", hidden = true)
  private String testbed = "proof";

  /** One program and what becomes of it; several may be tried at once, on threads of their own. */
  interface Trial<T> {
    /** Tries it. */
    Line line(Bed bed, T program) throws IOException, InterruptedException;
  }

  /** Hosts of its own, with daemons that do not move anything for warming up. */
  static Bed bed(String name) throws IOException {
    return Bed.up(name, HOSTS, Map.of("CONFIG_FORCE_warm__up", "false"));
  }

  /**
   * Tries all, prints a row for each, and what it comes to. Hosts on which one failed are not used
   * for the next.
   *
   * @param kind what the table calls them
   * @return exit status: 1 when one failed
   */
  <T> int run(String kind, List<T> programs, Trial<T> trial)
      throws IOException, InterruptedException {
    List<Line> lines = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(atOnce)) {
      int next = 0;
      while (next < programs.size()) {
        next = onOneBed(programs, next, trial, executor, lines, kind);
      }
    }
    System.out.printf("%d %ss: %s%n", lines.size(), kind, Line.sums(lines));
    return lines.stream().anyMatch(l -> l.verdict() == Verdict.FAIL) ? 1 : 0;
  }

  /** Until one fails; the number of the next. */
  private <T> int onOneBed(
      List<T> programs,
      int first,
      Trial<T> trial,
      ExecutorService executor,
      List<Line> lines,
      String kind)
      throws IOException, InterruptedException {
    try (Bed bed = bed(testbed)) {
      boolean sound = true;
      int next = first;
      while (sound && next < programs.size()) {
        int end = Math.min(next + atOnce, programs.size());
        List<Future<Line>> together = new ArrayList<>();
        for (T program : programs.subList(next, end)) {
          together.add(executor.submit(() -> trial.line(bed, program)));
        }
        for (Future<Line> future : together) {
          Line line = future.get();
          line.print(System.out);
          lines.add(line);
          sound &= line.verdict() != Verdict.FAIL;
        }
        if (markdown != null) {
          Table.write(markdown, kind, lines);
        }
        next = end;
      }
      if (logs != null) {
        bed.copyLogs(logs);
      }
      return next;
    } catch (ExecutionException e) {
      throw new IOException(String.valueOf(e.getCause()), e.getCause());
    }
  }
}
