package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Policies, priorities, CPUs and I/O priorities of threads; limits. */
class SchedulingTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void threadsKeepPoliciesPrioritiesAndProcessors() throws Exception {
    survives(
        """
        import threading
        threads, stop = {}, threading.Event()
        def worker(name, setup):
          setup()
          threads[name] = threading.get_native_id()
          stop.wait()
        def ioprio(v): assert libc.syscall(251, 1, 0, v) == 0
        def nice(n): assert libc.setpriority(0, threading.get_native_id(), n) == 0
        def policy(p, n): os.sched_setscheduler(0, p, os.sched_param(n))
        def slack(): assert libc.prctl(29, 123456, 0, 0, 0) == 0
        setups = {
          'idle': lambda: policy(os.SCHED_IDLE, 0),
          'batch': lambda: (policy(os.SCHED_BATCH, 0), nice(7)),
          'fifo': lambda: policy(os.SCHED_FIFO, 3),
          'rr': lambda: policy(os.SCHED_RR | os.SCHED_RESET_ON_FORK, 9),
          'nice': lambda: nice(11),
          'bound': lambda: os.sched_setaffinity(0, [1]),
          'io': lambda: ioprio(2 << 13 | 6),
          'lazy': lambda: ioprio(3 << 13),
          'slack': slack,
        }
        for name, setup in setups.items():
          threading.Thread(target=worker, args=(name, setup), daemon=True).start()
        end = time.monotonic() + 5
        while len(threads) < len(setups) and time.monotonic() < end: time.sleep(0.01)
        assert len(threads) == len(setups), threads
        def state(tid):
          b = ctypes.create_string_buffer(56)
          assert libc.syscall(315, tid, b, 56, 0) == 0
          return (b.raw, os.sched_getaffinity(tid), libc.syscall(252, 1, tid),
            open('/proc/%d/timerslack_ns' % tid).read())
        before = {n: state(t) for n, t in threads.items()}
        assert before['fifo'] != before['rr'] != before['idle'] != before['batch']
        ready()
        for n, t in threads.items(): assert state(t) == before[n], (n, before[n], state(t))
        """);
  }

  @Test
  void processGroupAndParentKeepTheirOwnNiceValue() throws Exception {
    survives(
        """
        libc.setpriority(0, 0, 5)
        child = os.fork()
        if child == 0:
          os.nice(3)
          while True: time.sleep(1)
        while os.getpriority(os.PRIO_PROCESS, child) != 8: time.sleep(0.01)
        ready()
        assert os.getpriority(os.PRIO_PROCESS, 0) == 5
        assert os.getpriority(os.PRIO_PROCESS, child) == 8
        os.kill(child, 9)
        """);
  }

  @Test
  void limitsOfEachProcessStay() throws Exception {
    survives(
        """
        import resource
        def limits(): return [resource.getrlimit(n) for n in range(16)]
        child = os.fork()
        wanted = {0: (7777, 8888), 1: (1 << 40, 1 << 41), 2: (1 << 35, -1), 3: (16 << 20, 32 << 20), 4: (0, 5 << 20),
          5: (1 << 33, 1 << 34), 6: (5000, 6000), 7: (333, 444), 8: (1 << 20, 2 << 20), 9: (1 << 40, 1 << 41), 10: (50, 60),
          11: (2000, 3000), 12: (100000, 200000), 13: (4, 5), 14: (6, 7), 15: (100000000, 200000000)}
        if child == 0:
          for n, l in wanted.items():
            hard = resource.getrlimit(n)[1]
            if hard != -1 and (l[1] > hard or l[1] == -1): l = (min(l[0], hard), hard)
            resource.setrlimit(n, l)
          before = limits()
          open('set', 'w').close()
          while not os.path.exists('go'): time.sleep(0.01)
          try:
            for n in range(400): os.dup(0)
          except OSError as e: os._exit(1 if limits() != before else 0)
          os._exit(2)
        while not os.path.exists('set'): time.sleep(0.01)
        before = limits()
        ready()
        assert limits() == before
        assert os.waitpid(child, 0)[1] == 0
        """);
  }
}
