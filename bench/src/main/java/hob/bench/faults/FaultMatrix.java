package hob.bench.faults;

import hob.bench.Bed;
import hob.cli.DaemonException;
import hob.testbed.Host;
import hob.wire.proto.FaultArmRequest.Action;
import hob.wire.proto.ProcessLine;
import hob.wire.proto.PsReply;
import hob.wire.proto.PsRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** Runs cases, one after another, on three hosts. One thread. */
public final class FaultMatrix implements AutoCloseable {
  private static final Duration MENDED = Duration.ofSeconds(40);
  private static final int CUT_MILLIS = 6_000;
  private static final long SIGTERM_STATUS = 143;

  private final Bed bed;
  private final Path ticker;
  private int cases;

  private FaultMatrix(Bed bed, Path ticker) {
    this.bed = bed;
    this.ticker = ticker;
  }

  /** Brings the hosts up. */
  public static FaultMatrix up(String name) throws IOException, InterruptedException {
    Bed bed =
        Bed.up(
            name,
            3,
            Map.of(
                "CONFIG_FORCE_testing_faults", "true",
                "CONFIG_FORCE_lost_after", "3s",
                "CONFIG_FORCE_warm__up", "false"));
    return new FaultMatrix(bed, bed.compile("ticker.c"));
  }

  /**
   * How a case went.
   *
   * @param location where the process ran in the end
   * @param struck whether the fault struck at all; some points are not on the way of some moves
   */
  public record Outcome(String location, boolean struck, String answer) {}

  /**
   * Runs a case.
   *
   * @throws IllegalStateException when something that must hold does not
   */
  public Outcome run(FaultCase c) throws DaemonException, InterruptedException, IOException {
    Path numbers = bed.directory().resolve("numbers-" + ++cases);
    Path status = bed.directory().resolve("status-" + cases);
    int shell =
        bed.start(
            bed.directory().resolve("output-" + cases),
            List.of(
                "sh",
                "-c",
                "\"$0\" \"$1\"; echo $? > \"$2\"",
                ticker.toString(),
                numbers.toString(),
                status.toString()));
    int pid = bed.childOf(shell);
    awaitProgress(numbers, 0);
    if (!c.roles().source().equals("h1")) {
      bed.migrate(pid, c.roles().source());
    }
    OptionalLong before = bed.host(c.victim()).daemonPid();
    bed.arm(c.victim(), c.point().word(), c.action(), CUT_MILLIS);
    CompletableFuture<String> answer =
        CompletableFuture.supplyAsync(() -> move(pid, c.roles().target()));
    String said = answerOf(answer);
    bed.awaitPeers();
    boolean struck = disarm(c, before);
    awaitProgress(numbers, last(numbers).orElse(0L));
    awaitSettled(pid);
    String location = location(pid);
    bed.host("h1").run("kill", "-TERM", Integer.toString(pid));
    Bed.await(
        MENDED, "the parent to hear of the end", () -> read(status).equals(SIGTERM_STATUS + "\n"));
    checkSequence(numbers);
    Bed.await(MENDED, "nothing to be left", () -> left(numbers).isEmpty());
    Bed.await(MENDED, "hob ps to forget it", () -> lines(pid).isEmpty());
    return new Outcome(location, struck, said);
  }

  private String move(int pid, String target) {
    try {
      return "moved: " + bed.migrate(pid, target).getTo();
    } catch (DaemonException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static String answerOf(CompletableFuture<String> answer) throws InterruptedException {
    try {
      return answer.get(MENDED.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException _) {
      throw new IllegalStateException("hob migrate does not return");
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  private boolean disarm(FaultCase c, OptionalLong before) throws DaemonException {
    boolean restarted = !bed.host(c.victim()).daemonPid().equals(before);
    if (!restarted) {
      bed.disarm(c.victim());
      bed.awaitPeers();
    }
    return restarted || c.action() != Action.KILL;
  }

  private void awaitProgress(Path numbers, long from) {
    Bed.await(
        MENDED, "the process to run on after " + from, () -> last(numbers).orElse(0L) > from + 3);
  }

  private void awaitSettled(int pid) {
    Bed.await(MENDED, "its host to be known", () -> lines(pid).size() <= 1);
  }

  private List<ProcessLine> lines(int pid) {
    try {
      return bed
          .ask("h1", PsRequest.getDefaultInstance(), PsReply.class)
          .getProcessesList()
          .stream()
          .filter(p -> p.getPid() == pid)
          .toList();
    } catch (DaemonException e) {
      throw new IllegalStateException(e);
    }
  }

  private String location(int pid) {
    return lines(pid).stream().map(ProcessLine::getHost).findFirst().orElse("h1");
  }

  /** Processes on this machine that have the file in their command line, and where they are. */
  private List<String> left(Path numbers) {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      return all.filter(p -> p.getFileName().toString().matches("\\d+"))
          .filter(p -> !p.getFileName().toString().equals(self()))
          .filter(p -> read(p.resolve("cmdline")).contains(numbers.toString()))
          .map(Path::toString)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String self() {
    return Long.toString(ProcessHandle.current().pid());
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException _) {
      return "";
    }
  }

  private static Optional<Long> last(Path numbers) {
    String text = read(numbers);
    int end = text.lastIndexOf('\n');
    return end <= 0
        ? Optional.empty()
        : Optional.of(Long.parseLong(text.substring(text.lastIndexOf('\n', end - 1) + 1, end)));
  }

  private static void checkSequence(Path numbers) throws IOException {
    long expected = 1;
    for (String line : Files.readAllLines(numbers)) {
      if (Long.parseLong(line) != expected) {
        throw new IllegalStateException(
            "it wrote %s where %d belongs: it ran twice or went back".formatted(line, expected));
      }
      expected++;
    }
  }

  /** After a case that failed: what the daemons have to say, and fresh hosts are needed. */
  public String logs() {
    StringBuilder all = new StringBuilder();
    for (Host host : bed.hosts()) {
      String log = read(host.disk().resolve("hobd.log"));
      all.append("--- ").append(host.name()).append('\n');
      all.append(log.substring(Math.max(0, log.length() - 3_000))).append('\n');
    }
    return all.toString();
  }

  @Override
  public void close() {
    bed.close();
  }
}
