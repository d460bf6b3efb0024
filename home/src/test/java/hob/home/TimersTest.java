package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Interval timers and POSIX timers. They stand still while the tree does. */
class TimersTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void intervalTimersOfAllKindsKeepWhatIsLeft() throws Exception {
    survives(
        """
        import signal
        struck = []
        signal.signal(signal.SIGALRM, lambda *a: struck.append(a[0]))
        signal.setitimer(signal.ITIMER_VIRTUAL, 500, 7)
        signal.setitimer(signal.ITIMER_PROF, 600, 8)
        signal.setitimer(signal.ITIMER_REAL, 300, 0.05)
        began = time.monotonic()
        ready()
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        passed = time.monotonic() - began
        assert interval == 0.05 and 299.5 - passed < left <= 300, (left, passed)
        left, interval = signal.getitimer(signal.ITIMER_VIRTUAL)
        assert interval == 7 and 490 < left <= 500.1, left
        left, interval = signal.getitimer(signal.ITIMER_PROF)
        assert interval == 8 and 590 < left <= 600.1, left
        assert struck == []
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        while len(struck) < 3: time.sleep(0.01)
        """);
  }

  @Test
  void intervalTimerGoesOnStriking() throws Exception {
    survives(
        """
        import signal
        struck = [0]
        def strike(*a): struck[0] += 1
        signal.signal(signal.SIGALRM, strike)
        signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
        ready(busy=True)
        n, end = struck[0], time.monotonic() + 10
        assert n > 5, n
        while struck[0] < n + 5 and time.monotonic() < end: time.sleep(0.01)
        assert struck[0] >= n + 5, (n, struck, signal.getitimer(signal.ITIMER_REAL))
        """);
  }

  @Test
  void posixTimersKeepNumbersClocksThreadsAndOverruns() throws Exception {
    survives(
        """
        import signal, threading
        BLOCKED, NOTED = 40, 41
        signal.pthread_sigmask(signal.SIG_BLOCK, [BLOCKED, NOTED])
        tids, stop = [], threading.Event()
        def worker():
          tids.append(threading.get_native_id())
          stop.wait()
        t = threading.Thread(target=worker, daemon=True)
        t.start()
        while not tids: time.sleep(0.01)
        def create(clock, value, sig, notify, tid=0):
          event = struct.pack('Qiii', value, sig, notify, tid) + bytes(44)
          at = ctypes.create_string_buffer(4)
          assert libc.syscall(222, clock, event, at) == 0, ctypes.get_errno()
          return struct.unpack('i', at.raw)[0]
        def set(id, value, interval, flags=0):
          spec = struct.pack('qqqq', int(interval), int(interval % 1 * 1e9), int(value), int(value % 1 * 1e9))
          assert libc.syscall(223, id, flags, spec, None) == 0
        def get(id):
          b = ctypes.create_string_buffer(32)
          assert libc.syscall(224, id, b) == 0
          s, n, vs, vn = struct.unpack('qqqq', b.raw)
          return s + n / 1e9, vs + vn / 1e9
        first = create(1, 11, BLOCKED, 0)
        hole = create(1, 12, BLOCKED, 0)
        real = create(0, 13, BLOCKED, 0)
        assert libc.syscall(226, hole) == 0
        idle = create(1, 14, BLOCKED, 1)
        cpu = create(2, 15, BLOCKED, 0)
        own = create(3, 16, BLOCKED, 4, threading.get_native_id())
        other = create(1, 17, NOTED, 4, tids[0])
        set(first, 100, 3.5)
        set(real, time.time() + 200, 0, 1)
        set(idle, 0, 0)
        set(cpu, 50, 2)
        set(own, 60, 0)
        set(other, 300, 1)
        fast = create(1, 18, BLOCKED, 0)
        set(fast, 0.001, 0.001)
        time.sleep(0.3)
        began = time.monotonic()
        ready()
        passed = time.monotonic() - began
        i, left = get(first); assert i == 3.5 and 99 - passed < left <= 100, left
        i, left = get(real); assert i == 0 and 199 - passed < left <= 200, left
        assert get(idle) == (0, 0)
        i, left = get(cpu); assert i == 2 and 45 < left <= 50
        i, left = get(own); assert i == 0 and 55 < left <= 60
        i, left = get(other); assert i == 1 and 299 - passed < left <= 300, left
        info, none = ctypes.create_string_buffer(128), struct.pack('qq', 0, 0)
        r = libc.syscall(128, struct.pack('Q', 1 << BLOCKED - 1), info, none, 8)
        number, _, code, _, id, overrun, value = struct.unpack('iiiiiiq', info.raw[:32])
        assert (r, code, id, value) == (BLOCKED, -2, fast, 18), (r, code, id, value)
        assert 200 <= overrun < 400 + 1000 * passed, (overrun, passed)
        time.sleep(0.05)
        r = libc.syscall(128, struct.pack('Q', 1 << BLOCKED - 1), info, none, 8)
        number, _, code, _, id, overrun, value = struct.unpack('iiiiiiq', info.raw[:32])
        assert (r, code, id, value) == (BLOCKED, -2, fast, 18), (r, code, id, value)
        assert 20 <= overrun < 10000, overrun
        set(fast, 0, 0)
        again = create(1, 19, BLOCKED, 0)
        assert again not in (first, real, idle, cpu, own, other, fast)
        stop.set()
        """);
  }
}
