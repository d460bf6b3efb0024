package hob.home;

import hob.linux.PosixSpawn;
import hob.linux.ProcFs;
import hob.linux.Signals;
import hob.linux.Wait;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Signals of job control that a user sends at home to a process that nobody knows the host of. */
class InDoubtTest {
  private static final String COUNTS =
      """
      import signal
      continued = 0
      def count(*_):
        global continued
        continued += 1
        open('continued', 'w').write(str(continued))
      signal.signal(signal.SIGCONT, count)
      ready()
      """;

  @TempDir Path directory;

  /** A program, and two hosts, in whose moves a signal arrives at the source in doubt. */
  private final class Doubt implements AutoCloseable {
    private final MovedProgram program = MovedProgram.start(directory, COUNTS);
    private final int pid = program.pid();
    private final SessionId id = Hosts.atH1(pid);
    private final Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2");

    Doubt(int signal) throws Exception {
      hosts.inDoubt(() -> kill(pid, signal));
    }

    void end() throws Exception {
      program.check();
    }

    char state() {
      return ProcFs.stat("/proc/" + pid + "/stat").state();
    }

    @Override
    public void close() {
      hosts.close();
      program.close();
    }
  }

  private static void await(String what, Callable<Boolean> condition) {
    Awaitility.await(what).atMost(Duration.ofSeconds(20)).until(condition);
  }

  /** By another process: what a daemon sends to a shadow itself is no news to it. */
  private static void kill(int pid, int signal) {
    List<String> words = List.of("kill", "-" + signal, Integer.toString(pid));
    Wait.of(PosixSpawn.spawn("/bin/kill", words, List.of("PATH=/usr/bin:/bin")));
  }

  private boolean continued(int times) throws Exception {
    Path file = directory.resolve("continued");
    return Files.exists(file) && Files.readString(file).equals(Integer.toString(times));
  }

  @Test
  void stopHoldsWhenTheMoveIsOff() throws Exception {
    try (Doubt d = new Doubt(Signals.SIGSTOP)) {
      d.hosts.giveUp(d.id, "h1", "h2");
      await("its stop", () -> d.state() == 'T');
      kill(d.pid, Signals.SIGCONT);
      await("that it goes on", () -> continued(1));
      d.end();
    }
  }

  @Test
  void stopFollowsWhoHasLeft() throws Exception {
    try (Doubt d = new Doubt(Signals.SIGSTOP)) {
      d.hosts.move(d.id, "h1", "h2");
      int there = d.hosts.engine("h2").sessions().getFirst().processes().getFirst().hostPid();
      await("its stop", () -> ProcFs.stat("/proc/" + there + "/stat").state() == 'T');
      await("the shadow's", () -> d.state() == 't');
      kill(d.pid, Signals.SIGCONT);
      await("that it goes on", () -> continued(1));
      d.hosts.inDoubt(() -> {});
      d.hosts.move(d.id, "h2", "h1");
      d.end();
    }
  }

  @Test
  void continueIsHeardOnceWhenTheMoveIsOff() throws Exception {
    try (Doubt d = new Doubt(Signals.SIGCONT)) {
      d.hosts.giveUp(d.id, "h1", "h2");
      await("the handler", () -> continued(1));
      d.end();
    }
  }

  @Test
  void continueFollowsWhoHasLeft() throws Exception {
    try (Doubt d = new Doubt(Signals.SIGCONT)) {
      d.hosts.move(d.id, "h1", "h2");
      await("the handler", () -> continued(1));
      d.hosts.inDoubt(() -> {});
      d.hosts.move(d.id, "h2", "h1");
      d.end();
    }
  }
}
