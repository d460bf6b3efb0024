package hob.bench;

import hob.bench.files.CompileBench;
import hob.bench.files.FilesBench;
import hob.bench.freeze.FreezeBench;
import hob.bench.make.MakeBench;
import hob.bench.moves.MovesBench;
import hob.bench.rcp.RcpBench;
import hob.bench.spawn.InvokeBench;
import hob.bench.spawn.SpawnBench;
import hob.bench.spawn.SystemCallBench;
import hob.bench.transfer.TransferBench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Entry point of {@code hob bench}. */
@Command(
    name = "hob bench",
    description = "Measures Hob against its peers on this machine.",
    mixinStandardHelpOptions = true)
public final class Main implements Callable<Integer> {
  private static final List<Benchmark> ALL =
      List.of(
          new FreezeBench(),
          new TransferBench(),
          new MovesBench(),
          new SpawnBench(),
          new InvokeBench(),
          new MakeBench(),
          SystemCallBench.fork(),
          SystemCallBench.time(),
          new FilesBench(),
          new CompileBench(),
          new RcpBench());

  @Parameters(paramLabel = "NAME", description = "Which benchmarks; all if none is given.")
  private List<String> names = new ArrayList<>();

  @Option(names = "--json", description = "One object a line instead of a table.")
  private boolean json;

  @Option(
      names = "--criu",
      paramLabel = "PATH",
      description = "A criu to compare freezes with (default: $HOB_CRIU).")
  private Path criu = Path.of(System.getenv().getOrDefault("HOB_CRIU", ""));

  @Option(names = "--list", description = "Only name the benchmarks.")
  private boolean list;

  private Main() {}

  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
  }

  @Override
  public Integer call() throws InterruptedException {
    if (list) {
      ALL.forEach(b -> System.out.printf("%-12s %s%n", b.name(), b.summary()));
      return 0;
    }
    List<String> known = ALL.stream().map(Benchmark::name).toList();
    for (String name : names) {
      if (!known.contains(name)) {
        System.err.printf("hob bench: no benchmark is called %s; there are %s%n", name, known);
        return 2;
      }
    }
    boolean allHold = true;
    for (Benchmark benchmark : ALL) {
      if (names.isEmpty() || names.contains(benchmark.name())) {
        allHold &= run(benchmark);
      }
    }
    return allHold ? 0 : 1;
  }

  private boolean run(Benchmark benchmark) throws InterruptedException {
    List<Row> rows;
    try {
      Optional<Path> peer =
          criu.toString().isEmpty() ? Optional.empty() : Optional.of(criu.toAbsolutePath());
      rows = benchmark.run(new BenchContext(l -> System.err.println("hob bench: " + l), peer));
    } catch (IOException e) {
      System.err.printf("hob bench: %s: %s%n", benchmark.name(), e.getMessage());
      return false;
    }
    if (json) {
      rows.forEach(row -> System.out.println(row.toJson()));
    } else {
      Table.print(rows, System.out);
    }
    return rows.stream().allMatch(Row::holds);
  }
}
