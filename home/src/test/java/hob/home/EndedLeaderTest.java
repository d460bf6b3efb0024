package hob.home;

import hob.linux.PosixSpawn;
import hob.linux.Signals;
import hob.linux.Wait;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes whose first thread has ended while others go on. */
class EndedLeaderTest {
  private static final String CALLS =
      """
      import signal, threading
      def leave(status): libc.syscall(60, status)
      def go_on(body):
        def checked():
          try: body()
          except BaseException as e:
            os.write(1, ('Error: %r' % e).encode())
            os._exit(1)
          os._exit(0)
        threading.Thread(target=checked).start()
      def state(tid): return open('/proc/self/task/%d/stat' % tid).read().rsplit(')', 1)[1].split()[0]
      def waits(what):
        while not os.path.exists(home + '/' + what): time.sleep(0.01)
      """;

  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, CALLS + script);
  }

  @Test
  void programGoesOnInAnotherThread() throws Exception {
    survives(
        """
        r, w = os.pipe()
        os.write(w, b'left')
        os.setpriority(os.PRIO_PROCESS, 0, 3)
        libc.prctl(15, b'gone', 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGUSR2])
        def body():
          libc.prctl(15, b'stays', 0, 0, 0)
          signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR2])
          mine = threading.get_native_id()
          os.setpriority(os.PRIO_PROCESS, mine, 5)
          while state(os.getpid()) != 'Z': time.sleep(0.01)
          os.kill(os.getpid(), signal.SIGUSR1)
          ready()
          assert os.getpid() != mine == threading.get_native_id()
          assert state(os.getpid()) == 'Z' and os.read(r, 9) == b'left'
          assert open('/proc/self/comm').read() == 'gone\\n'
          assert os.getpriority(os.PRIO_PROCESS, mine) == 5
          assert sorted(os.listdir('/proc/self/task')) == sorted([str(os.getpid()), str(mine)])
          assert signal.sigtimedwait([signal.SIGUSR1], 9).si_signo == signal.SIGUSR1
          os.rename(home + '/go', home + '/passed')
        go_on(body)
        leave(0)
        """);
  }

  @Test
  void childrenWithSeveralThreadsLeftEndAsTheyWould() throws Exception {
    survives(
        """
        def child(status, body):
          pid = os.fork()
          if pid == 0:
            os.setpgid(0, 0)
            threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
            go_on(body)
            leave(status)
          return pid
        by_exit = child(3, lambda: (waits('go'), os._exit(7)))
        by_signal = child(0, lambda: time.sleep(60))
        alone = os.fork()
        if alone == 0:
          go_on(lambda: (waits('go'), libc.syscall(60, 9)))
          leave(5)
        time.sleep(0.2)
        ready()
        assert os.waitpid(by_exit, 0)[1] == 7 << 8
        os.kill(by_signal, signal.SIGTERM)
        assert os.waitpid(by_signal, 0)[1] == signal.SIGTERM
        assert os.waitpid(alone, 0)[1] == 9 << 8
        """);
  }

  @Test
  void usersOfEndedThreadsStay() throws Exception {
    survives(
        """
        left, leaves = os.pipe()
        goes, go = os.pipe()
        child = os.fork()
        if child == 0:
          go_on(lambda: (os.read(left, 1), os.read(goes, 1)))
          os.setgroups([7])
          os.setresgid(1235, 1236, 1237)
          os.setresuid(1234, 1234, 1234)
          os.write(leaves, b'x')
          leave(0)
        time.sleep(0.2)
        ready()
        os.write(go, b'x')
        assert os.waitpid(child, 0)[1] == 0
        """);
  }

  @Test
  void stoppedOneStaysStopped() throws Exception {
    survives(
        """
        child = os.fork()
        if child == 0:
          go_on(lambda: waits('go'))
          leave(0)
        time.sleep(0.2)
        os.kill(child, signal.SIGSTOP)
        assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
        ready()
        os.kill(child, signal.SIGCONT)
        assert os.waitpid(child, 0)[1] == 0
        """);
  }

  @Test
  void signalsReachItFromItsHome() throws Exception {
    try (MovedProgram p =
        MovedProgram.start(
            directory,
            CALLS
                + """
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
                def body():
                  while state(os.getpid()) != 'Z': time.sleep(0.01)
                  threading.Thread(target=ready, daemon=True).start()
                  while True:
                    signal.sigwait([signal.SIGUSR1])
                    done('signal')
                go_on(body)
                leave(0)
                """)) {
      try (MovedProgram.Trip trip = p.trip()) {
        trip.to("h2");
        // By another process: what the daemon sends a shadow is no news for it.
        List<String> words = List.of("kill", "-USR1", String.valueOf(p.pid()));
        Wait.of(PosixSpawn.spawn("/bin/kill", words, List.of()));
        trip.does("signal");
        trip.ends(() -> Signals.kill(p.pid(), Signals.SIGKILL));
      }
    }
  }

  @Test
  void firstThreadEndsAbroad() throws Exception {
    try (MovedProgram p =
        MovedProgram.start(
            directory,
            CALLS
                + """
                child = os.fork()
                if child == 0:
                  go_on(lambda: (waits('go'), os._exit(4)))
                  waits('asked-end')
                  leave(0)
                def ended():
                  while open('/proc/%d/stat' % child).read().rsplit(')', 1)[1].split()[0] != 'Z': time.sleep(0.01)
                  done('end')
                threading.Thread(target=lambda: (waits('asked-end'), ended())).start()
                ready(busy=True)
                assert os.waitpid(child, 0)[1] == 4 << 8
                """)) {
      try (MovedProgram.Trip trip = p.trip()) {
        trip.to("h2");
        trip.does("end");
        trip.to("h3");
        trip.to("h1");
        trip.to("h2");
        trip.to("h1");
      }
      p.check();
    }
  }

  @Test
  void moveThatIsGivenUpLeavesItAsItWas() throws Exception {
    try (MovedProgram p =
        MovedProgram.start(
            directory,
            CALLS
                + """
                def body():
                  while state(os.getpid()) != 'Z': time.sleep(0.01)
                  ready()
                  os.rename(home + '/go', home + '/passed')
                go_on(body)
                leave(0)
                """)) {
      p.giveUpMove();
      try (MovedProgram.Trip trip = p.trip()) {
        trip.to("h2");
        trip.staysFor("h1");
        trip.staysFor("h3");
        trip.to("h1");
      }
      p.check();
    }
  }
}
