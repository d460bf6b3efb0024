package hob.home;

import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** System calls that a program waits in while it moves. Each waits in a child of its own. */
class InterruptedCallsTest {
  private static final String CALLS =
      """
      import signal
      libc.nanosleep.argtypes = [ctypes.c_void_p] * 2
      children = []
      def child(work):
        pid = os.fork()
        if pid == 0:
          try: work()
          except BaseException as e:
            print('Error in', work.__name__, repr(e), flush=True)
            os._exit(1)
          os._exit(0)
        children.append(pid)
        return pid
      def all_right():
        for pid in children: assert os.waitpid(pid, 0)[1] == 0
      def timespec(seconds):
        return ctypes.create_string_buffer(struct.pack('qq', int(seconds), int(seconds % 1 * 1e9)), 16)
      def lasted(began, least, most):
        took = time.monotonic() - began
        assert least <= took < most, took
      def call(*args):
        ctypes.set_errno(0)
        r = libc.syscall(*args)
        return r, ctypes.get_errno()
      """;

  private static final long ALARM_NANOS = 1_000_000_000L;

  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, CALLS + script);
  }

  private static final String SLEEPERS =
      """
      def plain():
        t, began = timespec(2.5), time.monotonic()
        assert libc.nanosleep(t, None) == 0, ctypes.get_errno()
        lasted(began, 2.5, LIMIT)
      def into_itself():
        t, began = timespec(2.5), time.monotonic()
        assert libc.nanosleep(t, t) == 0, ctypes.get_errno()
        lasted(began, 2.5, LIMIT)
      def of_clock():
        t, rest, began = timespec(2.5), timespec(0), time.monotonic()
        r = call(230, 1, 0, t, rest)
        assert r == (0, 0), r
        lasted(began, 2.5, LIMIT)
      def polls():
        began = time.monotonic()
        r = call(7, None, 0, 2500)
        assert r == (0, 0), r
        lasted(began, 2.49, LIMIT)
      def futexes():
        word, t, began = ctypes.create_string_buffer(8), timespec(2.5), time.monotonic()
        r = call(202, word, 128, 0, t, None, 0)
        assert r == (-1, 110), r
        lasted(began, 2.5, LIMIT)
      for work in plain, into_itself, of_clock, polls, futexes: child(work)
      time.sleep(0.3)
      """;

  @Test
  void sleepsLastAsLongAsWasAsked() throws Exception {
    survives("LIMIT = 5\n" + SLEEPERS + "ready(busy=True)\nall_right()\n");
  }

  @Test
  void sleepsThatWereStoppedAndContinuedGoOn() throws Exception {
    survives(
        "LIMIT = 7\n"
            + SLEEPERS
            + """
            for c in children:
              os.kill(c, signal.SIGSTOP)
              os.waitpid(c, os.WUNTRACED)
              os.kill(c, signal.SIGCONT)
            time.sleep(0.1)
            ready(busy=True)
            all_right()
            """);
  }

  @Test
  void sleepsGoOnAfterMovesThatWereGivenUp() throws Exception {
    try (MovedProgram p =
        MovedProgram.start(
            directory, CALLS + "LIMIT = 7\n" + SLEEPERS + "ready(busy=True)\nall_right()\n")) {
      p.giveUpMove();
      p.giveUpMove();
      p.moveAndCheck();
    }
  }

  @Test
  void waitsThatEveryStopEndsDoNotNoticeTheMove() throws Exception {
    survives(
        """
        def epolls():
          fd, events, began = call(291, 0)[0], ctypes.create_string_buffer(64), time.monotonic()
          r = call(232, fd, events, 4, 2500)
          assert r == (0, 0), r
          lasted(began, 2.49, 5)
        def for_signals():
          signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
          began = time.monotonic()
          r = call(128, struct.pack('Q', 1 << 9), None, timespec(2.5), 8)
          assert r == (-1, 11), r
          lasted(began, 2.5, 5)
        for work in epolls, for_signals: child(work)
        time.sleep(0.3)
        ready(busy=True)
        all_right()
        """);
  }

  /** The timer strikes while both hosts are in doubt: at the source, and at the target. */
  private void alarmInDoubt(String script) throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, CALLS + script)) {
      try (MovedProgram.Trip trip = p.trip()) {
        trip.inDoubt(() -> LockSupport.parkNanos(ALARM_NANOS + ALARM_NANOS / 4));
        trip.to("h2");
        trip.inDoubt(() -> {});
        trip.to("h1");
      }
      p.check();
    }
  }

  @Test
  void handlerThatRunsMeanwhileEndsWait() throws Exception {
    alarmInDoubt(
        """
        def pauses():
          signal.signal(signal.SIGALRM, lambda *a: None)
          signal.setitimer(signal.ITIMER_REAL, 1)
          r = call(34)
          assert r == (-1, 4), r
        child(pauses)
        time.sleep(0.2)
        ready(busy=True)
        all_right()
        """);
  }

  @Test
  void timersStrikeOnceWhenTheyStrikeAtTheSourceToo() throws Exception {
    alarmInDoubt(
        """
        def counts():
          struck = []
          signal.signal(signal.SIGALRM, lambda *a: struck.append('interval'))
          signal.signal(40, lambda *a: struck.append('posix'))
          event = struct.pack('Qiii', 0, 40, 0, 0) + bytes(44)
          id = ctypes.create_string_buffer(4)
          assert call(222, 1, event, id)[0] == 0
          assert call(223, struct.unpack('i', id.raw)[0], 0, struct.pack('qqqq', 0, 0, 1, 0), None)[0] == 0
          signal.setitimer(signal.ITIMER_REAL, 1)
          while not os.path.exists('go'): time.sleep(0.01)
          assert sorted(struck) == ['interval', 'posix'], struck
        child(counts)
        time.sleep(0.2)
        ready(busy=True)
        all_right()
        """);
  }
}
