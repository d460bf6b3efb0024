package hob.home;

import static org.assertj.core.api.Assertions.assertThat;

import hob.image.Capture;
import hob.image.Masks;
import hob.linux.PosixSpawn;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Wait;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Signals of job control that a user sends at home to a process that nobody knows the host of; with
 * one thread and with several.
 */
@ParameterizedClass
@ValueSource(ints = {0, 3})
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
      import threading
      for _ in range(THREADS):
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
      ready()
      """;

  private static final String BLOCKS =
      """
      import signal
      signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGUSR1})
      ready()
      """;

  private static final int SIGUSR1 = 10;

  @Parameter int threads;

  @TempDir Path directory;

  /** A program, and two hosts, in whose moves a signal arrives at the source in doubt. */
  private final class Doubt implements AutoCloseable {
    private final MovedProgram program =
        MovedProgram.start(directory, "THREADS = " + threads + "\n" + COUNTS);
    private final int pid = program.pid();
    private final SessionId id = Hosts.atH1(pid);
    private final Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2");

    Doubt(int signal) throws Exception {
      hosts.inDoubt(() -> {
        if (signal != 0) {
          kill(pid, signal);
        }
      });
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

  @Test
  void stopHoldsWhoComesHome() throws Exception {
    try (Doubt d = new Doubt(0)) {
      d.hosts.move(d.id, "h1", "h2");
      d.hosts.inDoubt(() -> kill(d.pid, Signals.SIGSTOP));
      d.hosts.move(d.id, "h2", "h1");
      await("its stop", () -> d.state() == 'T');
      kill(d.pid, Signals.SIGCONT);
      await("that it goes on", () -> continued(1));
      d.end();
    }
  }

  /**
   * A daemon that lets a process go on sets its mask for a moment, and may end then: so it notes
   * the mask before.
   */
  @Test
  void maskIsThatOfTheProgramAfterwards() throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, BLOCKS)) {
      Map<Integer, Long> notes = new HashMap<>();
      Masks masks = masks(notes);
      long mask = Signals.bit(SIGUSR1);
      release(p.pid(), masks);
      assertThat(notes).containsExactly(Map.entry(p.pid(), mask));
      long r = Ptrace.seize(p.pid(), 0);
      assertThat(r).isZero();
      Ptrace.interrupt(p.pid());
      Wait.of(p.pid());
      Ptrace.signalMask(p.pid(), -1L);
      Ptrace.detach(p.pid(), 0);
      release(p.pid(), masks);
      assertThat(ProcFs.status("/proc/" + p.pid() + "/status"))
          .containsEntry("SigBlk", "%016x".formatted(mask));
      p.check();
    }
  }

  private static void release(int pid, Masks masks) {
    Signals.kill(pid, Signals.SIGSTOP);
    Capture.release(pid, masks, List.of());
  }

  private static Masks masks(Map<Integer, Long> notes) {
    return new Masks() {
      @Override
      public OptionalLong noted(int pid) {
        return notes.containsKey(pid)
            ? OptionalLong.of(notes.getOrDefault(pid, 0L))
            : OptionalLong.empty();
      }

      @Override
      public void note(int pid, long mask) {
        notes.put(pid, mask);
      }
    };
  }

  /**
   * Several threads of a program that stands stopped without a daemon: all go on, and none hears.
   */
  @Test
  void whoIsReleasedGoesOnWithAllThreads() throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, "THREADS = " + threads + "\n" + COUNTS)) {
      for (int i = 0; i < 20; i++) {
        release(p.pid(), masks(new HashMap<>()));
      }
      p.check();
      assertThat(directory.resolve("continued")).doesNotExist();
    }
  }

  /** Threads that were born abroad are parked with the shadow, and end, or come home, with it. */
  @Test
  void homecomingThatIsGivenUp() throws Exception {
    String script =
        """
        import threading
        ended, born = [], []
        def run(n):
          asked('end')
          ended.append(n)
        def bear():
          asked('threads')
          born.extend(threading.Thread(target=run, args=(n,)) for n in range(THREADS))
          for t in born: t.start()
          done('threads')
        threading.Thread(target=bear).start()
        ready()
        for t in born: t.join()
        assert len(ended) == THREADS
        """;
    try (MovedProgram p = MovedProgram.start(directory, "THREADS = " + threads + "\n" + script)) {
      try (MovedProgram.Trip trip = p.trip()) {
        trip.to("h2");
        trip.does("threads");
        trip.staysFor("h1");
        trip.staysFor("h1");
        trip.to("h3");
        trip.staysFor("h1");
        trip.to("h1");
      }
      Files.writeString(directory.resolve("asked-end"), "");
      p.check();
    }
  }

  /** A program in doubt whose daemon on h1 was killed, and that a user has continued. */
  private final class Abandoned implements AutoCloseable {
    private final MovedProgram program =
        MovedProgram.start(directory, "THREADS = " + threads + "\n" + COUNTS);
    private final Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2");
    private final SessionId id = program.id();
    private final Hosts.Doubt doubt;

    Abandoned(String from, String to) throws Exception {
      if (from.equals("h2")) {
        hosts.move(id, "h1", "h2");
      }
      doubt = hosts.doubt(id, from, to);
      hosts.stop("h1");
      await("that it stands stopped", () -> state() == 'T');
      kill(id.pid(), Signals.SIGCONT);
      await("that it is not stopped", () -> state() == 'S');
      // pause(2), from which no signal brings it back.
      assertThat(ProcFs.text("/proc/" + id.pid() + "/syscall")).startsWith("34 ");
    }

    private char state() {
      return ProcFs.stat("/proc/" + id.pid() + "/stat").state();
    }

    private Recovered next() {
      return hosts.start("h1").getFirst();
    }

    @Override
    public void close() {
      hosts.close();
      program.close();
    }
  }

  @Test
  void sourceThatAUserContinuesWaitsForItsDaemon() throws Exception {
    try (Abandoned a = new Abandoned("h1", "h2")) {
      Recovered.InDoubtSource found = (Recovered.InDoubtSource) a.next();
      a.doubt.arrival().destroy();
      found.departure().resume();
      await("the handler", () -> continued(1));
      a.program.check();
    }
  }

  @Test
  void sourceThatAUserContinuesLeavesWithThatSignal() throws Exception {
    try (Abandoned a = new Abandoned("h1", "h2")) {
      Recovered.InDoubtSource found = (Recovered.InDoubtSource) a.next();
      a.hosts.engine("h1").located(a.id, 1, "h2");
      a.doubt.arrival().resume();
      found.departure().leave("h2");
      await("the handler", () -> continued(1));
      a.hosts.move(a.id, "h2", "h1");
      a.program.check();
    }
  }

  @Test
  void targetThatAUserContinuesWaitsForItsDaemon() throws Exception {
    try (Abandoned a = new Abandoned("h2", "h1")) {
      Recovered.InDoubtTarget found = (Recovered.InDoubtTarget) a.next();
      found.arrival().resume();
      a.doubt.departure().leave("h1");
      await("the handler", () -> continued(1));
      a.program.check();
    }
  }

  @Test
  void targetThatAUserContinuesBecomesAShadowAgain() throws Exception {
    try (Abandoned a = new Abandoned("h2", "h1")) {
      Recovered.InDoubtTarget found = (Recovered.InDoubtTarget) a.next();
      a.hosts.engine("h1").located(a.id, 1, "h2");
      found.arrival().destroy();
      a.doubt.departure().resume();
      await("the handler", () -> continued(1));
      a.hosts.move(a.id, "h2", "h1");
      a.program.check();
    }
  }
}
