package hob.bench.faults;

import hob.bench.Bed;
import hob.cli.DaemonException;
import hob.migration.fault.FaultPoint;
import hob.testbed.Host;
import hob.wire.proto.FaultArmRequest.Action;
import hob.wire.proto.ProcessLine;
import hob.wire.proto.PsReply;
import hob.wire.proto.PsRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs cases, one after another, on three hosts. One thread. */
public final class FaultMatrix implements AutoCloseable {
  private static final Duration MENDED = Duration.ofSeconds(40);

  /** Longer than {@code peer.silence} and {@code lost.after} together, so that both are noticed. */
  private static final int CUT_MILLIS = 2_500;

  private static final int REACHES = 3;
  private static final Duration CLEAN = Duration.ofSeconds(10);
  private static final long SIGTERM_STATUS = 143;

  private final Bed bed;
  private final Path ticker;
  private final List<Leftovers> leftovers;
  private final ExecutorService movers = Executors.newVirtualThreadPerTaskExecutor();
  private int processes;

  private FaultMatrix(Bed bed, Path ticker) {
    this.bed = bed;
    this.ticker = ticker;
    this.leftovers = bed.hosts().stream().map(Leftovers::new).toList();
  }

  /**
   * Brings the hosts up.
   *
   * @param cuts whether links will be cut, which is to be noticed soon
   */
  public static FaultMatrix up(String name, boolean cuts) throws IOException, InterruptedException {
    Bed bed =
        Bed.up(
            name,
            3,
            Map.of(
                "CONFIG_FORCE_testing_faults", "true",
                "CONFIG_FORCE_peer_silence", cuts ? "1s" : "4s",
                "CONFIG_FORCE_lost_after", "1s",
                "CONFIG_FORCE_warm__up", "false"));
    return new FaultMatrix(bed, bed.compile("ticker.c"));
  }

  /**
   * How a round went.
   *
   * @param moves how many moves were at the point when the fault struck
   * @param locations where their processes ran in the end
   * @param millis what it took in all
   * @param answer what one {@code hob migrate} said
   */
  public record Outcome(int moves, String locations, long millis, String answer) {}

  /** A process that moves; its parent, a shell, stays and writes down how it ended. */
  private record Subject(int pid, Path numbers, Path status) {}

  /**
   * Runs a round of a case.
   *
   * @param together so many processes move at once
   * @throws IllegalStateException when something that must hold does not
   */
  public Outcome run(FaultCase c, int together)
      throws DaemonException, InterruptedException, IOException {
    long began = System.nanoTime();
    List<Subject> subjects = new ArrayList<>();
    for (int i = 0; i < together; i++) {
      subjects.add(start());
    }
    for (Subject s : subjects) {
      awaitProgress(s.numbers, 0);
      if (!c.roles().source().equals("h1")) {
        reach(s.pid, c.roles().source());
      }
    }
    OptionalLong before = bed.host(c.victim()).daemonPid();
    bed.arm(c.victim(), c.point().word(), c.action(), CUT_MILLIS, together);
    if (c.isOff()) {
      bed.arm("h1", FaultPoint.HOME_DECIDING.word(), Action.ERROR, 0, together);
    }
    List<CompletableFuture<String>> answers =
        subjects.stream()
            .map(s -> CompletableFuture.supplyAsync(() -> move(s.pid, c.roles().target()), movers))
            .toList();
    String said = "";
    for (CompletableFuture<String> answer : answers) {
      said = answerOf(answer);
    }
    int moves = awaitStruck(c, before);
    bed.awaitPeers();
    for (Host h : bed.hosts()) {
      bed.disarm(h.name());
    }
    List<String> locations = new ArrayList<>();
    for (Subject s : subjects) {
      awaitProgress(s.numbers, last(s.numbers).orElse(0L));
      awaitSettled(s.pid);
      locations.add(location(s.pid));
      bed.host("h1").run("kill", "-TERM", Integer.toString(s.pid));
    }
    for (Subject s : subjects) {
      Bed.await(
          MENDED,
          "the parent to hear of the end",
          () -> read(s.status).equals(SIGTERM_STATUS + "\n"));
      checkSequence(s.numbers);
      Bed.await(MENDED, "hob ps to forget it", () -> lines(s.pid).isEmpty());
    }
    awaitClean();
    return new Outcome(
        moves, String.join(",", locations), (System.nanoTime() - began) / 1_000_000, said);
  }

  /**
   * Moves a process to where its round begins. A machine so busy that a daemon is not heard for the
   * short silence of these hosts calls that off, which is no round of any case.
   */
  private void reach(int pid, String host) throws DaemonException {
    for (int left = REACHES; !location(pid).equals(host); left--) {
      try {
        bed.migrate(pid, host);
      } catch (DaemonException e) {
        if (left == 0) {
          throw e;
        }
        bed.awaitPeers();
      }
    }
  }

  private Subject start() {
    Path numbers = bed.directory().resolve("numbers-" + ++processes);
    Path status = bed.directory().resolve("status-" + processes);
    int shell =
        bed.start(
            bed.directory().resolve("output-" + processes),
            List.of(
                "sh",
                "-c",
                "\"$0\" \"$1\"; echo $? > \"$2\"",
                ticker.toString(),
                numbers.toString(),
                status.toString()));
    return new Subject(bed.childOf(shell), numbers, status);
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

  /** Waits until the fault has struck, and for a cut, until it is mended; whom it struck. */
  private int awaitStruck(FaultCase c, OptionalLong before) {
    Host victim = bed.host(c.victim());
    int[] moves = new int[1];
    Bed.await(
        MENDED,
        "the fault to strike",
        () -> {
          moves[0] =
              c.action() != Action.KILL
                  ? bed.strikes(c.victim(), c.point().word())
                  : victim.daemonPid().equals(before) ? 0 : killed(victim, c);
          return moves[0] > 0;
        });
    return moves[0];
  }

  /** How many moves the last kill struck, as the daemon wrote down before it died. */
  private static int killed(Host victim, FaultCase c) {
    String log = read(victim.disk().resolve("hobd.log"));
    String what = "fault at " + c.point().word() + ": KILL of ";
    int at = log.lastIndexOf(what);
    return at < 0
        ? 0
        : Integer.parseInt(log.substring(at + what.length()).lines().findFirst().orElse("0"));
  }

  private void awaitClean() {
    List<String> more = new ArrayList<>();
    try {
      Bed.await(
          CLEAN,
          "nothing to be left",
          () -> {
            more.clear();
            leftovers.forEach(l -> more.addAll(l.now()));
            return more.isEmpty();
          });
    } catch (IllegalStateException e) {
      throw new IllegalStateException(e.getMessage() + ": " + more, e);
    }
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
    leftovers.forEach(l -> all.append(l.processes()).append('\n'));
    return all.toString();
  }

  @Override
  public void close() {
    movers.shutdownNow();
    bed.close();
  }
}
