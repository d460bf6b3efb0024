package hob.bench.faults;

import hob.cli.DaemonException;
import hob.testbed.TestbedException;
import hob.testbed.TestbedSpec;
import hob.wire.proto.FaultArmRequest.Action;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs the whole matrix: {@code hob faults}. */
@Command(
    name = "hob faults",
    description = "Kills daemons and cuts links at every point of a move, and checks what holds.",
    mixinStandardHelpOptions = true)
public final class Main implements java.util.concurrent.Callable<Integer> {
  @Option(names = "--rounds", description = "How often each (default: ${DEFAULT-VALUE}).")
  private int rounds = 20;

  @Option(
      names = "--action",
      split = ",",
      description = "KILL, CUT or ERROR (default: ${DEFAULT-VALUE}).")
  private List<Action> actions = List.of(Action.KILL, Action.CUT, Action.ERROR);

  @Option(
      names = "--beds",
      description = "So many testbeds of three hosts side by side (default: ${DEFAULT-VALUE}).")
  private int beds = 1;

  @Option(
      names = "--together",
      description =
          "Move so many processes at once; each that is at the point when the fault strikes counts"
              + " as a round (default: ${DEFAULT-VALUE}).")
  private int together = 1;

  @Option(
      names = "--tally",
      paramLabel = "FILE",
      description = "Add a line a round to FILE; rounds that it has already count.")
  private @Nullable Path tallyFile;

  @Option(
      names = "--for",
      paramLabel = "SECONDS",
      description = "Begin no round after so long; run again with --tally for the rest.")
  private long seconds = Long.MAX_VALUE / 2_000_000_000;

  @Option(names = "--json", description = "One object a case instead of a table.")
  private boolean json;

  @Option(names = "--name", description = "Of the testbeds (default: ${DEFAULT-VALUE}).")
  private String name = "faults";

  @Parameters(
      arity = "0..*",
      paramLabel = "WORD",
      description = "Only cases that have all these words, such as: onward target.prepared.")
  private List<String> words = List.of();

  private Main() {}

  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    try {
      var _ = TestbedSpec.standard().withName(name + beds);
    } catch (IllegalArgumentException e) {
      System.err.println("hob: " + e.getMessage());
      return CommandLine.ExitCode.USAGE;
    }
    Path file = tallyFile;
    if (file == null) {
      file = Files.createTempFile("hob-faults", ".tally");
      file.toFile().deleteOnExit();
    }
    Tally tally = new Tally(file);
    List<FaultCase> cases =
        FaultCase.all(actions).stream()
            .filter(c -> words.stream().allMatch(w -> c.toString().contains(w)))
            .toList();
    BlockingQueue<FaultCase> left = new LinkedBlockingQueue<>(cases);
    long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
    List<Thread> threads = new ArrayList<>();
    for (int i = 1; i <= Math.min(beds, cases.size()); i++) {
      String bed = beds == 1 ? name : name + i;
      threads.add(Thread.ofPlatform().name(bed).start(() -> work(bed, left, tally, end)));
    }
    for (Thread t : threads) {
      t.join();
    }
    return report(cases, tally);
  }

  private void work(String bed, BlockingQueue<FaultCase> left, Tally tally, long end) {
    @Nullable FaultMatrix matrix = null;
    try {
      for (FaultCase c = left.poll(); c != null; c = left.poll()) {
        int most = together;
        while (tally.of(c).held() < rounds && System.nanoTime() < end) {
          if (matrix == null) {
            matrix = FaultMatrix.up(bed, actions.contains(Action.CUT));
          }
          try {
            int now = Math.max(1, Math.min(most, rounds - tally.of(c).held()));
            FaultMatrix.Outcome outcome = matrix.run(c, now);
            tally.held(c, outcome);
            // Only one at a time comes there: the others would be struck anywhere.
            most = outcome.moves() == 1 ? 1 : most;
          } catch (DaemonException | RuntimeException e) {
            tally.failed(c, String.valueOf(e.getMessage()));
            System.err.printf("%s: %s%n%s%n", c, e.getMessage(), matrix.logs());
            matrix.close();
            matrix = null;
            break;
          }
        }
        if (!json && tally.of(c).held() >= rounds) {
          print(c, tally.of(c));
        }
      }
    } catch (IOException | TestbedException e) {
      System.err.println("hob: " + e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      if (matrix != null) {
        matrix.close();
      }
    }
  }

  private int report(List<FaultCase> cases, Tally tally) {
    int complete = 0;
    int held = 0;
    int failed = 0;
    for (FaultCase c : cases) {
      Tally.Sum sum = tally.of(c);
      complete += sum.held() >= rounds ? 1 : 0;
      held += sum.held();
      failed += sum.failed();
      if (json || sum.held() < rounds) {
        print(c, sum);
      }
    }
    System.err.printf(
        "%d of %d cases complete; %d rounds held, %d failed%n",
        complete, cases.size(), held, failed);
    return complete == cases.size() && failed == 0 ? 0 : 1;
  }

  private void print(FaultCase c, Tally.Sum sum) {
    if (json) {
      System.out.printf(
          "{\"case\":\"%s\",\"held\":%d,\"failed\":%d,\"ends\":\"%s\",\"mean_ms\":%d}%n",
          c, sum.held(), sum.failed(), sum.ends(), sum.meanMillis());
    } else {
      System.out.printf(
          "%-36s %3d held %s%s%n",
          c, sum.held(), sum.ends(), sum.failed() > 0 ? ", %d FAILED".formatted(sum.failed()) : "");
    }
  }
}
