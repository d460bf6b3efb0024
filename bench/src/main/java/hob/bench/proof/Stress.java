package hob.bench.proof;

import hob.bench.Bed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hob stress}: one worker of each of stress-ng's stressors, moved while it verifies. */
@Command(
    name = "hob stress",
    description = {
      "Runs one worker of each stressor of stress-ng with --verify, as an ordinary user, and moves",
      "it three times while it runs. One that ends before runs again for longer. What fails runs",
      "unmoved too: if that fails as well it is skipped."
    },
    mixinStandardHelpOptions = true)
public final class Stress implements Callable<Integer> {
  private static final int MOVES = 3;
  private static final int LEAST_MILLIS = 100;
  private static final int MOST_MILLIS = 600;
  private static final int LONGER = 4;
  private static final int NOBODY = 65534;
  private static final long ADDRESS_SPACE = 2L << 30;

  /** Those that are about the machine and not about a program of a user. */
  private static final Map<String, String> NOT_OF_A_USER =
      Map.of(
          "softlockup", "hogs all processors of the machine with real-time priority",
          "cpu-online", "switches processors off",
          "oom-pipe", "brings the machine out of memory",
          "dev", "opens every device of the machine",
          "sysfs", "reads all of /sys of the machine",
          "smi", "needs system management mode");

  @Parameters(paramLabel = "NAME", description = "Which stressors; all if none is given.")
  private List<String> names = new ArrayList<>();

  @Option(names = "--seconds", description = "How long each runs (default: ${DEFAULT-VALUE}).")
  private int seconds = 4;

  @Option(names = "--from", paramLabel = "NAME", description = "Leave out those before it.")
  private String from = "";

  @Option(names = "--most", paramLabel = "N", description = "Not more than so many.")
  private int most = Integer.MAX_VALUE;

  @Mixin private Trials trials = new Trials();

  private final AtomicInteger runs = new AtomicInteger();

  private Stress() {}

  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs it with these options; its exit status. */
  static int run(String... args) {
    return new CommandLine(new Stress()).execute(args);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Optional<List<String>> known = stressors();
    if (known.isEmpty()) {
      System.err.println("hob stress: stress-ng is not installed: apt-get install stress-ng");
      return 2;
    }
    for (String name : names) {
      if (!known.get().contains(name)) {
        System.err.printf("hob stress: stress-ng has no stressor %s%n", name);
        return 2;
      }
    }
    return trials.run(
        "stressor",
        known.get().stream()
            .filter(n -> names.isEmpty() ? n.compareTo(from) >= 0 : names.contains(n))
            .limit(most)
            .toList(),
        this::one);
  }

  private static Optional<List<String>> stressors() throws InterruptedException {
    try {
      Process p = new ProcessBuilder("stress-ng", "--stressors").start();
      String all = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return p.waitFor() == 0 ? Optional.of(List.of(all.strip().split("\\s+"))) : Optional.empty();
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  private Line one(Bed bed, String name) throws IOException, InterruptedException {
    String other = NOT_OF_A_USER.get(name);
    if (other != null) {
      return new Line(name, Verdict.SKIP, 0, other);
    }
    Journey.End end = moved(bed, name, seconds);
    if (wentWell(end) && end.moved() < MOVES && end.refused().isEmpty() && notRun(end).isEmpty()) {
      end = moved(bed, name, LONGER * seconds);
    }
    if (!end.status().equals(Optional.of(0))) {
      Journey.End unmoved = run(bed, name, 1, Journey.Plan.stay());
      return unmoved.status().equals(Optional.of(0))
          ? new Line(name, Verdict.FAIL, end.moved(), said(end))
          : new Line(
              name, Verdict.SKIP, 0, notRun(unmoved).orElseGet(() -> "unmoved: " + said(unmoved)));
    }
    if (!end.failed().isEmpty()) {
      return new Line(name, Verdict.FAIL, end.moved(), Line.plain(end.failed().getFirst()));
    }
    if (end.refused().size() >= MOVES || (end.moved() == 0 && !end.refused().isEmpty())) {
      return new Line(name, Verdict.REFUSE, end.moved(), Line.plain(end.refused().getFirst()));
    }
    return end.moved() == 0
        ? new Line(name, Verdict.SKIP, 0, notRun(end).orElse("it ended before it could be moved"))
        : new Line(name, Verdict.PASS, end.moved(), remark(end));
  }

  private Journey.End moved(Bed bed, String name, int time)
      throws IOException, InterruptedException {
    return run(
        bed, name, time, new Journey.Plan(MOVES, LEAST_MILLIS, MOST_MILLIS, name.hashCode()));
  }

  private static boolean wentWell(Journey.End end) {
    return end.status().equals(Optional.of(0)) && end.failed().isEmpty();
  }

  /** Why stress-ng did not run it, in its own words; it may have ended well all the same. */
  private static Optional<String> notRun(Journey.End end) {
    return (end.output() + "\n" + end.errors())
        .lines()
        .filter(l -> l.matches(".*(skipping|will be skipped|disabled '|not implemented).*"))
        .findFirst()
        .map(l -> Line.plain(l.replaceFirst("stress-ng: \\w+: +\\[\\d+] +", "")));
  }

  private static String remark(Journey.End end) {
    if (end.moved() == MOVES) {
      return "";
    }
    return end.refused().isEmpty()
        ? "it ended before the next"
        : "refused at other moments: " + Line.plain(end.refused().getFirst());
  }

  private Journey.End run(Bed bed, String name, int time, Journey.Plan plan)
      throws IOException, InterruptedException {
    Path directory = bed.directory().resolve(name + "-" + runs.incrementAndGet());
    Files.createDirectories(directory);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    return Journey.run(
        bed,
        directory,
        ("exec prlimit --as=%d setpriv --reuid %d --regid %d --clear-groups -- stress-ng --%s 1"
                + " --verify --timeout %d --temp-path %s")
            .formatted(ADDRESS_SPACE, NOBODY, NOBODY, name, time, directory),
        plan,
        Duration.ofSeconds(30L + 2L * time));
  }

  /** The line that tells most of what went wrong. */
  private static String said(Journey.End end) {
    List<String> all = (end.output() + "\n" + end.errors()).lines().toList();
    String line =
        all.stream()
            .filter(l -> l.matches(".*(fail|error|skipp|not |unable|cannot).*"))
            .filter(l -> !l.contains("0 failed") && !l.contains("skipped: 0"))
            .findFirst()
            .orElse(all.isEmpty() ? "" : all.getLast())
            .replaceFirst("stress-ng: \\w+: +\\[\\d+] +", "");
    String how = end.status().map(s -> "exit status " + s).orElse("did not end");
    return Line.plain(
        how
            + (line.isBlank() ? "" : ": " + line)
            + (end.failed().isEmpty() ? "" : "; " + end.failed().getFirst()));
  }
}
