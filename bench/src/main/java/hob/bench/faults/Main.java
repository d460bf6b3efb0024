package hob.bench.faults;

import hob.cli.DaemonException;
import hob.wire.proto.FaultArmRequest.Action;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
    List<FaultCase> cases =
        FaultCase.all(actions).stream()
            .filter(c -> words.stream().allMatch(w -> c.toString().contains(w)))
            .toList();
    int failed = 0;
    FaultMatrix matrix = FaultMatrix.up("faults");
    try {
      for (FaultCase c : cases) {
        Map<String, Integer> ends = new TreeMap<>();
        String problem = "";
        for (int i = 0; i < rounds && problem.isEmpty(); i++) {
          try {
            FaultMatrix.Outcome o = matrix.run(c);
            ends.merge(o.struck() ? "on " + o.location() : "not reached", 1, Integer::sum);
          } catch (DaemonException | RuntimeException e) {
            problem = String.valueOf(e.getMessage());
            System.err.println(matrix.logs());
            matrix.close();
            matrix = FaultMatrix.up("faults");
          }
        }
        failed += problem.isEmpty() ? 0 : 1;
        System.out.printf(
            "%-40s %-6s %s %s%n", c, problem.isEmpty() ? "holds" : "FAILS", ends, problem);
      }
    } finally {
      matrix.close();
    }
    System.out.printf("%d passed, %d failed%n", cases.size() - failed, failed);
    return failed == 0 ? 0 : 1;
  }
}
