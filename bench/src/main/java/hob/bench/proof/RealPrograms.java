package hob.bench.proof;

import hob.bench.Bed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hob programs}: real programs moved while they work, compared with an unmoved run. */
@Command(
    name = "hob programs",
    description =
        "Runs real programs twice, once unmoved and once moved about, and compares the results.",
    mixinStandardHelpOptions = true)
public final class RealPrograms implements Callable<Integer> {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final String PATH = "PATH=$PATH:$(echo /usr/lib/postgresql/*/bin); ";
  private static final int LEAST_MILLIS = 400;
  private static final int MOST_MILLIS = 1500;

  @Parameters(paramLabel = "NAME", description = "Which programs; all if none is given.")
  private List<String> names = new ArrayList<>();

  @Option(names = "--moves", description = "How often each moves (default: ${DEFAULT-VALUE}).")
  private int moves = 4;

  @Option(names = "--seed", description = "Of when and where to (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(names = "--list", description = "Only name the programs.")
  private boolean list;

  @Mixin private Trials trials = new Trials();

  private final AtomicInteger runs = new AtomicInteger();

  private RealPrograms() {}

  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs it with these options; its exit status. */
  static int run(String... args) {
    return new CommandLine(new RealPrograms()).execute(args);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<RealProgram> all = RealProgram.all();
    List<String> known = all.stream().map(RealProgram::name).toList();
    for (String name : names) {
      if (!known.contains(name)) {
        System.err.printf("hob programs: no program is called %s; there are %s%n", name, known);
        return 2;
      }
    }
    if (list) {
      all.forEach(p -> System.out.printf("%-18s %s%n", p.name(), p.what()));
      return 0;
    }
    return trials.run(
        "program",
        all.stream().filter(p -> names.isEmpty() || names.contains(p.name())).toList(),
        this::one);
  }

  private Line one(Bed bed, RealProgram p) throws IOException, InterruptedException {
    for (String need : p.needs()) {
      if (bed.host("h1")
              .run(
                  "sh",
                  "-c",
                  PATH + "command -v " + need.replace("$jdk", System.getProperty("java.home")))
              .status()
          != 0) {
        return new Line(
            p.name(),
            Verdict.SKIP,
            0,
            "%s is missing: apt-get install %s".formatted(need, String.join(" ", p.packages())));
      }
    }
    Path at = bed.directory().resolve(p.name() + "-unmoved-" + runs.incrementAndGet());
    Journey.End unmoved = Journey.run(bed, at, p.script(), Journey.Plan.stay(), LIMIT);
    Optional<String> expected = result(at);
    if (!unmoved.status().equals(Optional.of(0)) || expected.isEmpty()) {
      return new Line(p.name(), Verdict.SKIP, 0, Line.plain("unmoved: " + said(unmoved)));
    }
    Path there = bed.directory().resolve(p.name() + "-moved-" + runs.incrementAndGet());
    Journey.End end =
        Journey.run(
            bed,
            there,
            p.script(),
            new Journey.Plan(moves, LEAST_MILLIS, MOST_MILLIS, seed),
            LIMIT);
    Optional<String> found = result(there);
    if (!end.status().equals(Optional.of(0))) {
      return new Line(p.name(), Verdict.FAIL, end.moved(), Line.plain(said(end)));
    }
    if (!end.failed().isEmpty()) {
      return new Line(p.name(), Verdict.FAIL, end.moved(), Line.plain(end.failed().getFirst()));
    }
    if (!found.equals(expected)) {
      return new Line(p.name(), Verdict.FAIL, end.moved(), "another result");
    }
    if (end.moved() == 0) {
      return end.refused().isEmpty()
          ? new Line(p.name(), Verdict.FAIL, 0, "it ended before it could be moved")
          : new Line(p.name(), Verdict.REFUSE, 0, Line.plain(end.refused().getFirst()));
    }
    String also =
        end.refused().isEmpty() ? "" : "; refused once: " + Line.plain(end.refused().getFirst());
    return new Line(p.name(), Verdict.PASS, end.moved(), p.what() + also);
  }

  private static Optional<String> result(Path directory) throws IOException {
    Path file = directory.resolve("result");
    return Files.exists(file) && Files.size(file) > 0
        ? Optional.of(Files.readString(file))
        : Optional.empty();
  }

  private static String said(Journey.End end) {
    List<String> errors = end.errors().lines().filter(l -> !l.isBlank()).toList();
    return end.status().map(s -> "exit status " + s).orElse("did not end")
        + (errors.isEmpty() ? "" : ": " + errors.getLast())
        + (end.failed().isEmpty() ? "" : "; " + end.failed().getFirst());
  }
}
