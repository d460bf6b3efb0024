package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import hob.cli.DaemonException;
import hob.cli.ExitStatus;
import hob.testbed.Host;
import hob.wire.proto.FaultArmRequest.Action;
import hob.wire.proto.MigrateReply;
import hob.wire.proto.MigrateRequest;
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
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Moves between real daemons on three hosts. The processes count; h1 is their home. */
final class MigrateTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String COUNT =
      """
      import time
      n = 0
      while True:
        n += 1
        print(n, flush=True)
        time.sleep(0.01)
      """;

  @TempDir static Path directory = Path.of("");
  @RegisterExtension private static final BedOfClass BED = new BedOfClass("daemon");

  private static Bed bed() {
    return BED.bed();
  }

  @BeforeAll
  static void warm() throws DaemonException {
    Counter counter = Counter.start("warm");
    bed().migrate("h1", counter.pid, "h2");
    bed().migrate("h1", counter.pid, "home");
    counter.end();
  }

  /** A process that writes 1, 2, 3... and its parent, which writes down how it ended. */
  private record Counter(int pid, Path numbers, Path status) {
    static Counter start(String name) {
      Path numbers = directory.resolve(name);
      Path status = directory.resolve(name + ".status");
      int shell =
          bed()
              .start(
                  "h1",
                  directory.resolve(name + ".out"),
                  "sh",
                  "-c",
                  "python3 -c \"$0\" >> \"$1\"; echo $? > \"$2\"",
                  COUNT,
                  numbers.toString(),
                  status.toString());
      Counter counter = new Counter(bed().childOf("h1", shell), numbers, status);
      counter.awaitProgress();
      return counter;
    }

    long last() {
      List<String> lines = text(numbers).lines().toList();
      return lines.isEmpty() ? 0 : Long.parseLong(lines.getLast());
    }

    void awaitProgress() {
      long from = last();
      Awaitility.await().atMost(PATIENCE).until(() -> last() > from + 2);
    }

    /** Ends it at home: its parent hears of it, it never ran twice, and nothing is left of it. */
    void end() {
      bed().host("h1").run("kill", "-TERM", Integer.toString(pid));
      Awaitility.await().atMost(PATIENCE).until(() -> text(status).equals("143\n"));
      List<String> lines = text(numbers).lines().toList();
      for (int i = 0; i < lines.size(); i++) {
        assertThat(lines.get(i)).isEqualTo(Integer.toString(i + 1));
      }
      Awaitility.await().atMost(PATIENCE).until(() -> location(pid).isEmpty());
    }
  }

  private static String text(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> location(int pid) {
    try {
      return bed()
          .ask("h1", PsRequest.getDefaultInstance(), PsReply.class)
          .getProcessesList()
          .stream()
          .filter(p -> p.getPid() == pid)
          .map(ProcessLine::getHost)
          .toList();
    } catch (DaemonException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Processes of a host that have a text in their command line. */
  private static List<Long> having(Host host, String text) {
    return host.processes().stream()
        .filter(pid -> {
          try {
            return Files.readString(
                    Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1)
                .contains(text);
          } catch (IOException _) {
            return false;
          }
        })
        .toList();
  }

  /** Its own nice value, and its session's where the kernel shares among those. */
  private static List<String> precedence(long pid) {
    String stat = text(Path.of("/proc/" + pid + "/stat"));
    Path group = Path.of("/proc/" + pid + "/autogroup");
    String own = stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16];
    return Files.exists(group)
        ? List.of(own, text(group).strip().replaceAll(".*nice ", ""))
        : List.of(own);
  }

  private static Set<List<String>> precedences(String host) {
    return having(bed().host(host), "print(n, flush=True)").stream()
        .map(MigrateTest::precedence)
        .collect(Collectors.toSet());
  }

  @Test
  void daemonGoesBeforeWhatItMoves() throws DaemonException {
    assertThat(precedence(bed().host("h2").daemonPid().orElseThrow())).containsOnly("-10");
    Counter counter = Counter.start("precedence");
    Set<List<String>> own = precedences("h1");
    assertThat(own).hasSize(1);
    bed().migrate("h1", counter.pid, "h2");
    assertThat(precedences("h2")).isEqualTo(own);
    bed().migrate("h1", counter.pid, "home");
    assertThat(precedences("h1")).isEqualTo(own);
    counter.end();
  }

  private static void assertRefused(
      ExitStatus status, String words, String on, int pid, String to) {
    assertThatThrownBy(() -> bed().migrate(on, pid, to))
        .asInstanceOf(type(DaemonException.class))
        .satisfies(e -> {
          assertThat(e.status()).isEqualTo(status);
          assertThat(e.getMessage()).contains(words).doesNotContain("\n");
        });
  }

  @Test
  void processGoesThereAndComesBack() throws DaemonException {
    Counter counter = Counter.start("there-and-back");
    for (int i = 0; i < 3; i++) {
      MigrateReply there = bed().migrate("h1", counter.pid, "h2");
      assertThat(there.getFrom()).isEqualTo("h1");
      assertThat(there.getTo()).isEqualTo("h2");
      assertThat(there.getFreezeNanos()).isPositive();
      assertThat(there.getPages()).isPositive();
      assertThat(location(counter.pid)).containsExactly("h2");
      counter.awaitProgress();
      assertThat(bed().migrate("h1", counter.pid, "home").getTo()).isEqualTo("h1");
      counter.awaitProgress();
    }
    counter.end();
  }

  @Test
  void roundTripOverThreeHostsLeavesNothingBehind() throws DaemonException {
    int before2 = bed().host("h2").processes().size();
    int before3 = bed().host("h3").processes().size();
    Counter counter = Counter.start("round-trip");
    for (String host : List.of("h2", "h3", "h1")) {
      bed().migrate("h1", counter.pid, host);
      counter.awaitProgress();
    }
    String mark = counter.numbers.toString();
    assertThat(having(bed().host("h2"), mark)).isEmpty();
    assertThat(having(bed().host("h3"), mark)).isEmpty();
    counter.end();
    Awaitility.await().atMost(PATIENCE).until(() -> bed().host("h2").processes().size() <= before2);
    Awaitility.await().atMost(PATIENCE).until(() -> bed().host("h3").processes().size() <= before3);
  }

  @Test
  void foreignProcessMovesOnTheWordOfTheHostThatItRunsOn() throws DaemonException {
    Counter counter = Counter.start("from-abroad");
    bed().migrate("h1", counter.pid, "h2");
    assertThat(bed().migrate("h2", counter.pid, "h3").getTo()).isEqualTo("h3");
    counter.awaitProgress();
    assertThat(bed().migrate("h3", counter.pid, "home").getTo()).isEqualTo("h1");
    counter.awaitProgress();
    counter.end();
  }

  @Test
  void processEndsAbroadAndItsParentHearsOfIt() throws DaemonException {
    Counter counter = Counter.start("ends-abroad");
    bed().migrate("h1", counter.pid, "h2");
    counter.awaitProgress();
    counter.end();
  }

  @Test
  void checkMovesNothing() throws DaemonException {
    Counter counter = Counter.start("check");
    MigrateRequest check =
        MigrateRequest.newBuilder().setPid(counter.pid).setTarget("h2").setCheckOnly(true).build();
    assertThat(bed().ask("h1", check, MigrateReply.class).getTo()).isEqualTo("h2");
    counter.awaitProgress();
    assertThat(having(bed().host("h2"), counter.numbers.toString())).isEmpty();
    counter.end();
  }

  @Test
  void whatCannotBeAskedForIsRefusedInOneLine() throws DaemonException {
    Counter counter = Counter.start("bad-input");
    int daemon =
        bed().host("h1").pidWithin(bed().host("h1").daemonPid().orElseThrow()).orElseThrow();
    assertRefused(ExitStatus.NO_PROCESS, "no process 4000000", "h1", 4_000_000, "h2");
    assertRefused(ExitStatus.NO_PROCESS, "is no pid", "h1", 0, "h2");
    assertRefused(ExitStatus.CANNOT_MOVE, "init", "h1", 1, "h2");
    assertRefused(ExitStatus.CANNOT_MOVE, "hob itself", "h1", daemon, "h2");
    assertRefused(ExitStatus.UNKNOWN_HOST, "no host is called 'h9'", "h1", counter.pid, "h9");
    assertRefused(ExitStatus.POINTLESS, "is on h1 already", "h1", counter.pid, "home");
    bed().migrate("h1", counter.pid, "h2");
    assertRefused(ExitStatus.POINTLESS, "is on h2 already", "h1", counter.pid, "h2");
    counter.end();
  }

  @Test
  void processThatIsMovingIsNotMovedAgain() throws Exception {
    Counter counter = Counter.start("moving");
    bed().arm("h1", "home.sending", Action.DELAY, 2_000);
    CompletableFuture<MigrateReply> first =
        CompletableFuture.supplyAsync(() -> {
          try {
            return bed().migrate("h1", counter.pid, "h2");
          } catch (DaemonException e) {
            throw new IllegalStateException(e);
          }
        });
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertRefused(ExitStatus.POINTLESS, "moving already", "h1", counter.pid, "h3"));
    assertThat(first.get().getTo()).isEqualTo("h2");
    counter.end();
  }

  @Test
  void processOfAnUnheardHomeStandsStillUntilTheHomeIsHeard() throws DaemonException {
    Counter counter = Counter.start("unheard");
    bed().migrate("h1", counter.pid, "h2");
    counter.awaitProgress();
    bed().testbed().cutLink("h2");
    try {
      Awaitility.await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofSeconds(1))
          .until(counter::last, new StandsStill());
    } finally {
      bed().testbed().restoreLink("h2");
    }
    bed().awaitPeers();
    counter.awaitProgress();
    counter.end();
  }

  /** Whether a number is the same as the last time. */
  private static final class StandsStill implements Predicate<Long> {
    private long before = -1;

    @Override
    public boolean test(Long now) {
      boolean same = now == before;
      before = now;
      return same;
    }
  }

  private static void runsOnlyOn(String end, Counter counter) {
    bed().awaitPeers();
    counter.awaitProgress();
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> location(counter.pid).stream().allMatch(end::equals));
    counter.end();
  }

  @ParameterizedTest
  @CsvSource({"target.mapped, h2", "target.resuming, h1"})
  void homeThatIsKilledInAHomecomingKeepsTheShadow(String point, String end)
      throws DaemonException {
    Counter counter = Counter.start("homecoming-" + point);
    bed().migrate("h1", counter.pid, "h2");
    bed().arm("h1", point, Action.KILL, 0);
    assertThatThrownBy(() -> bed().migrate("h1", counter.pid, "home"))
        .isInstanceOf(DaemonException.class);
    runsOnlyOn(end, counter);
  }

  @ParameterizedTest
  @CsvSource({"home.deciding, h2", "home.committed, h3"})
  void whoIsInDoubtStandsStillUntilTheHomeIsBack(String point, String end) throws DaemonException {
    Counter counter = Counter.start("doubt-" + point);
    bed().migrate("h1", counter.pid, "h2");
    counter.awaitProgress();
    bed().host("h1").holdDaemon();
    bed().arm("h1", point, Action.KILL, 0);
    try {
      assertThatThrownBy(() -> bed().migrate("h1", counter.pid, "h3"))
          .isInstanceOf(DaemonException.class);
      long stood = counter.last();
      Awaitility.await()
          .during(Duration.ofSeconds(1))
          .atMost(PATIENCE)
          .until(() -> counter.last() == stood);
    } finally {
      bed().host("h1").startDaemon();
    }
    runsOnlyOn(end, counter);
  }

  @ParameterizedTest
  @CsvSource({
    "h1, home.deciding, KILL, h1",
    "h1, home.committed, KILL, h2",
    "h1, source.frozen, ERROR, h1",
    "h1, source.holding, ERROR, h1",
    "h2, target.mapped, KILL, h1",
    "h2, target.resuming, KILL, h2",
    "h1, source.staying, ERROR, h1",
    "h2, target.destroying, KILL, h1",
    "h2, target.filled, ERROR, h1"
  })
  void faultLeavesTheProcessOnOneSide(String host, String point, Action action, String end)
      throws DaemonException {
    Counter counter = Counter.start("fault-" + point);
    bed().arm(host, point, action, 0);
    if (point.equals("source.staying") || point.equals("target.destroying")) {
      // Only a move that is called off comes there.
      bed().arm("h1", "home.deciding", Action.ERROR, 0);
    }
    try {
      bed().migrate("h1", counter.pid, "h2");
    } catch (DaemonException e) {
      assertThat(e.getMessage()).doesNotContain("\n");
    }
    runsOnlyOn(end, counter);
  }
}
