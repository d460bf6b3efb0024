package hob.home;

import static org.assertj.core.api.Assertions.assertThat;

import hob.image.TreeWalk;
import hob.linux.PosixSpawn;
import hob.linux.Signals;
import hob.linux.Wait;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * A python program that sets up state, is moved h1, h2, h3, h1, and then tells whether it finds all
 * as it was; what /proc tells of it and its children is compared at each stop. Its script calls
 * {@code ready()} between setting up and checking, {@code ready(busy=True)} when its children do
 * more than wait; what fails in it is in the message of the failed test.
 */
final class MovedProgram implements AutoCloseable {
  private static final String PRELUDE =
      """
      import ctypes, fcntl, mmap, os, struct, sys, time
      os.closerange(3, 1024)
      home = sys.argv[1]
      os.chdir(home)
      libc = ctypes.CDLL(None, use_errno=True)
      def ready(busy=False):
        if busy: open(home + '/busy', 'w').close()
        with open(home + '/ready.new', 'w') as f: f.write(str(os.getpid()))
        os.rename(home + '/ready.new', home + '/ready')
        while not os.path.exists(home + '/go'): time.sleep(0.01)
      def asked(what):
        while not os.path.exists(home + '/asked-' + what): time.sleep(0.01)
      def done(what): open(home + '/done-' + what, 'w').close()
      def link(fd): return os.readlink('/proc/self/fd/%d' % fd)
      """;
  private static final String DONE =
      """
      os.rename(home + '/go', home + '/passed')
      """;

  private final Path directory;
  private final TestMark mark;
  private final int pid;

  private MovedProgram(Path directory, TestMark mark, int pid) {
    this.directory = directory;
    this.mark = mark;
    this.pid = pid;
  }

  /** Starts a script and waits until it is ready. */
  static MovedProgram start(Path directory, String script) throws IOException {
    Path file = Files.writeString(directory.resolve("script.py"), PRELUDE + script + DONE);
    TestMark mark = new TestMark();
    int child =
        PosixSpawn.spawn(
            "/usr/bin/setsid",
            List.of(
                "setsid",
                "-f",
                "sh",
                "-c",
                "exec python3 -u \"$0\" \"$1\" >\"$1/out\" 2>&1 </dev/null",
                file.toString(),
                directory.toString()),
            mark.environment());
    Wait.of(child);
    Path ready = directory.resolve("ready");
    try {
      Awaitility.await("the program to be ready: " + output(directory))
          .atMost(Duration.ofSeconds(20))
          .pollInterval(Duration.ofMillis(10))
          .until(() -> Files.exists(ready) || output(directory).contains("Error"));
      assertThat(ready).as(output(directory)).exists();
    } catch (ConditionTimeoutException | AssertionError e) {
      mark.close();
      throw e;
    }
    return new MovedProgram(directory, mark, Integer.parseInt(Files.readString(ready)));
  }

  private static String output(Path directory) throws IOException {
    Path out = directory.resolve("out");
    return Files.exists(out) ? Files.readString(out) : "";
  }

  int pid() {
    return pid;
  }

  /**
   * A program with this script finds all as it was at home again, and another one abroad.
   *
   * @param directory for both
   */
  static void survives(Path directory, String script) throws Exception {
    try (MovedProgram p = start(Files.createDirectory(directory.resolve("home")), script)) {
      p.moveAndCheck();
    }
    try (MovedProgram p = start(Files.createDirectory(directory.resolve("abroad")), script)) {
      p.checkAbroad();
    }
  }

  /** Moves it around and home again; what /proc tells of it must not change. */
  void moveAround() throws Exception {
    Map<String, String> before = settled();
    try (Trip trip = trip()) {
      trip.to("h2");
      unchanged(before, trip);
      trip.to("h3");
      unchanged(before, trip);
      trip.to("h1");
      unchanged(before, this::atHome, "at home again");
    }
  }

  SessionId id() {
    return Hosts.atH1(pid);
  }

  /** Moves it twice and lets it check there. */
  private void checkAbroad() throws Exception {
    Map<String, String> before = settled();
    try (Trip trip = trip()) {
      trip.to("h2");
      trip.to("h3");
      unchanged(before, trip);
      check();
      trip.ends(() -> Signals.kill(-pid, Signals.SIGKILL));
    }
  }

  private void unchanged(Map<String, String> before, Trip t) {
    unchanged(before, () -> look(t.hosts.engine(t.at).session(t.id, t.at).tree()), "on " + t.at);
  }

  /** A pending SIGSTOP is seen until the process has run for a moment. */
  private static void unchanged(
      Map<String, String> before, Supplier<Map<String, String>> look, String where) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(5))
        .pollInterval(Duration.ofMillis(20))
        .untilAsserted(
            () -> assertThat(ProcView.differences(before, look.get())).as(where).isEmpty());
  }

  private Map<String, String> atHome() {
    return look(new TreeWalk(pid).get());
  }

  /** Once its children have done what they do before they wait. */
  private Map<String, String> settled() {
    List<Map<String, String>> seen = new ArrayList<>(List.of(atHome()));
    Awaitility.await("a program that waits")
        .pollDelay(Duration.ofMillis(30))
        .pollInterval(Duration.ofMillis(30))
        .until(() -> {
          seen.add(atHome());
          return seen.getLast().equals(seen.get(seen.size() - 2));
        });
    return seen.getLast();
  }

  /** Of the program alone when its children come and go. */
  private Map<String, String> look(List<Integer> tree) {
    boolean busy = Files.exists(directory.resolve("busy"));
    Map<String, String> all = ProcView.of(busy ? tree.subList(0, 1) : tree);
    all.keySet().removeIf(k -> busy && (k.endsWith("Pnd") || k.contains("descriptor")));
    return all;
  }

  /** It stands on h1. */
  Trip trip() {
    return new Trip();
  }

  /** Where it goes, step by step. */
  final class Trip implements AutoCloseable {
    private final Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2", "h3");
    private final SessionId id = id();
    private String at = "h1";

    /** Moves it there. */
    void to(String host) throws Exception {
      hosts.move(id, at, host);
      at = host;
    }

    /** Begins to move it there, and gives that up at the last moment. */
    void staysFor(String host) throws Exception {
      hosts.giveUp(id, at, host);
    }

    /** Its session ends with what is done. */
    void ends(Runnable done) {
      done.run();
      Awaitility.await("the session's end")
          .atMost(Duration.ofSeconds(20))
          .pollInterval(Duration.ofMillis(10))
          .until(() -> hosts.ended(id));
    }

    /** What happens in later moves while source and target are in doubt. */
    void inDoubt(Runnable happens) {
      hosts.inDoubt(happens);
    }

    /** Lets it do what its script does between {@code asked(what)} and {@code done(what)}. */
    void does(String what) throws IOException {
      Files.writeString(directory.resolve("asked-" + what), "");
      Awaitility.await(what)
          .atMost(Duration.ofSeconds(20))
          .pollInterval(Duration.ofMillis(10))
          .until(() -> Files.exists(directory.resolve("done-" + what)));
    }

    @Override
    public void close() {
      hosts.close();
    }
  }

  /** Begins a move and gives it up at the last moment. */
  void giveUpMove() throws Exception {
    Map<String, String> before = settled();
    try (Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2")) {
      hosts.giveUp(id(), "h1", "h2");
      assertThat(ProcView.differences(before, atHome())).isEmpty();
    }
  }

  /** Moves it around, then lets it check for itself. */
  void moveAndCheck() throws Exception {
    moveAround();
    check();
  }

  /** Lets it check what it finds. */
  void check() throws IOException {
    Files.writeString(directory.resolve("go"), "");
    Path passed = directory.resolve("passed");
    Awaitility.await("the program's end")
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(10))
        .until(() ->
            Files.exists(passed)
                || !Files.exists(Path.of("/proc/" + pid))
                || output(directory).contains("Error"));
    assertThat(passed).as(output(directory)).exists();
  }

  @Override
  public void close() {
    mark.close();
  }
}
