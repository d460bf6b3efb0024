package hob.home;

import static org.assertj.core.api.Assertions.assertThat;

import hob.linux.Fd;
import hob.linux.PosixSpawn;
import hob.linux.ProcFs;
import hob.linux.Signals;
import hob.linux.Wait;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.awaitility.Awaitility;

/**
 * A python program that sets up state, is moved h1, h2, h3, h1, and then tells whether it finds all
 * as it was. Its script calls {@code ready()} between setting up and checking; what fails in it is
 * in the message of the failed test.
 */
final class MovedProgram implements AutoCloseable {
  private static final String PRELUDE =
      """
      import ctypes, fcntl, mmap, os, struct, sys, time
      os.closerange(3, 1024)
      home = sys.argv[1]
      os.chdir(home)
      libc = ctypes.CDLL(None, use_errno=True)
      def ready():
        with open(home + '/ready.new', 'w') as f: f.write(str(os.getpid()))
        os.rename(home + '/ready.new', home + '/ready')
        while not os.path.exists(home + '/go'): time.sleep(0.01)
      def link(fd): return os.readlink('/proc/self/fd/%d' % fd)
      """;
  private static final String DONE =
      """
      os.rename(home + '/go', home + '/passed')
      """;

  private final Path directory;
  private final int pid;

  private MovedProgram(Path directory, int pid) {
    this.directory = directory;
    this.pid = pid;
  }

  /** Starts a script and waits until it is ready. */
  static MovedProgram start(Path directory, String script) throws IOException {
    Path file = Files.writeString(directory.resolve("script.py"), PRELUDE + script + DONE);
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
            List.of("PATH=/usr/bin:/bin"));
    Wait.of(child);
    Path ready = directory.resolve("ready");
    Awaitility.await("the program to be ready: " + output(directory))
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(10))
        .until(() -> Files.exists(ready) || output(directory).contains("Error"));
    assertThat(ready).as(output(directory)).exists();
    return new MovedProgram(directory, Integer.parseInt(Files.readString(ready)));
  }

  private static String output(Path directory) throws IOException {
    Path out = directory.resolve("out");
    return Files.exists(out) ? Files.readString(out) : "";
  }

  int pid() {
    return pid;
  }

  /** Moves it around and home again; what /proc tells of its descriptors must not change. */
  void moveAround() throws Exception {
    Map<Integer, String> before = descriptors();
    try (Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2", "h3")) {
      SessionId id = new SessionId("h1", pid, ProcFs.stat("/proc/" + pid + "/stat").startTime());
      hosts.move(id, "h1", "h2");
      hosts.move(id, "h2", "h3");
      hosts.move(id, "h3", "h1");
      assertThat(descriptors()).isEqualTo(before);
    }
  }

  /** Begins a move and gives it up at the last moment. */
  void giveUpMove() throws Exception {
    Map<Integer, String> before = descriptors();
    try (Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2")) {
      SessionId id = new SessionId("h1", pid, ProcFs.stat("/proc/" + pid + "/stat").startTime());
      hosts.giveUp(id, "h1", "h2");
      assertThat(descriptors()).isEqualTo(before);
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
        .until(() -> Files.exists(passed) || !Files.exists(Path.of("/proc/" + pid)));
    assertThat(passed).as(output(directory)).exists();
  }

  /** What each descriptor leads to, its position, flags and locks. */
  private Map<Integer, String> descriptors() {
    Map<Integer, String> all = new TreeMap<>();
    for (int n : ProcFs.numbers("/proc/" + pid + "/fd")) {
      String info = ProcFs.text("/proc/" + pid + "/fdinfo/" + n);
      String kept =
          info.lines()
              .filter(l -> l.startsWith("pos:") || l.startsWith("flags:") || l.startsWith("lock:"))
              .map(l -> l.replaceAll(" [0-9a-f]+:[0-9a-f]+:[0-9]+ ", " "))
              .toList()
              .toString();
      String link =
          Fd.readlink("/proc/" + pid + "/fd/" + n)
              .replaceAll("#[0-9]+", "#N")
              .replaceAll(":\\[[0-9]+]", ":[N]");
      if (!link.startsWith("/")) {
        // O_LARGEFILE: what has no name is opened anew by one of /proc, which adds it.
        kept = kept.replaceAll("(flags:\\s*02?)1", "$10");
      }
      all.put(n, link + " " + kept);
    }
    return all;
  }

  @Override
  public void close() {
    // It leads a process group, with its children.
    Signals.kill(-pid, Signals.SIGKILL);
  }
}
