package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a thread has of its own in the kernel: robust lists, futexes, rseq, stacks for signals. */
class ThreadsTest {
  private static final String CALLS =
      """
      import threading
      FUTEX, WAIT, WAKE, LOCK_PI, UNLOCK_PI = 202, 0, 1, 6, 7
      page = mmap.mmap(-1, 1 << 16)
      base = ctypes.addressof(ctypes.c_char.from_buffer(page))
      libc.syscall.argtypes = None
      def word(n): return struct.unpack_from('I', page, 4 * n)[0]
      def set(n, v): struct.pack_into('I', page, 4 * n, v)
      def futex(n, op, value=0, timeout=None):
        return libc.syscall(FUTEX, ctypes.c_void_p(base + 4 * n), op, value, timeout, None, 0)
      def ready_threads(names, n):
        end = time.monotonic() + 5
        while len(names) < n and time.monotonic() < end: time.sleep(0.01)
        assert len(names) == n
      """;

  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, CALLS + script);
  }

  @Test
  void whoWaitsForFutexesIsWoken() throws Exception {
    survives(
        """
        woken, started = [], []
        def waiter(n, op, timeout=None):
          started.append(n)
          woken.append((n, futex(n, op, 0, timeout), ctypes.get_errno()))
        for n, op in enumerate((WAIT, WAIT | 128, WAIT | 128)):
          threading.Thread(target=waiter, args=(n, op), daemon=True).start()
        long = struct.pack('qq', 1000, 0)
        threading.Thread(target=waiter, args=(3, WAIT | 128, long), daemon=True).start()
        ready_threads(started, 4)
        time.sleep(0.1)
        ready()
        assert woken == [], woken
        for n, op in enumerate((WAKE, WAKE | 128, WAKE | 128, WAKE | 128)): assert futex(n, op, 9) == 1, n
        ready_threads(woken, 4)
        assert sorted(w[:2] for w in woken) == [(n, 0) for n in range(4)]
        """);
  }

  @Test
  void priorityInheritingFutexesAreHeldAndWaitedFor() throws Exception {
    survives(
        """
        got, started, held = [], [], threading.Event()
        def owner():
          assert futex(0, LOCK_PI | 128) == 0
          started.append('owner')
          held.wait()
          assert futex(0, UNLOCK_PI | 128) == 0
        def waiter():
          started.append('waiter')
          r = futex(0, LOCK_PI | 128)
          got.append((r, word(0) & 0x3fffffff, threading.get_native_id()))
          futex(0, UNLOCK_PI | 128)
        a = threading.Thread(target=owner, daemon=True)
        a.start()
        ready_threads(started, 1)
        b = threading.Thread(target=waiter, daemon=True)
        b.start()
        ready_threads(started, 2)
        end = time.monotonic() + 5
        while not word(0) & 0x80000000 and time.monotonic() < end: time.sleep(0.01)
        assert word(0) & 0x3fffffff == a.native_id and word(0) & 0x80000000
        ready()
        assert got == [] and word(0) & 0x3fffffff == a.native_id
        held.set()
        ready_threads(got, 1)
        assert got[0][0] == 0 and got[0][1] == got[0][2] == b.native_id, got
        """);
  }

  @Test
  void robustMutexOfDeadOwnerIsTakenOver() throws Exception {
    survives(
        """
        shared = ctypes.c_void_p(base + 8192)
        attributes = ctypes.create_string_buffer(64)
        libc.pthread_mutexattr_init(attributes)
        libc.pthread_mutexattr_setpshared(attributes, 1)
        libc.pthread_mutexattr_setrobust(attributes, 1)
        assert libc.pthread_mutex_init(shared, attributes) == 0
        child = os.fork()
        if child == 0:
          assert libc.pthread_mutex_lock(shared) == 0
          open('set', 'w').close()
          while not os.path.exists('go'): time.sleep(0.01)
          os.kill(os.getpid(), 9)
        while not os.path.exists('set'): time.sleep(0.01)
        assert libc.pthread_mutex_trylock(shared) == 16, 'EBUSY'
        ready()
        assert libc.pthread_mutex_lock(shared) == 130, 'EOWNERDEAD'
        assert libc.pthread_mutex_consistent(shared) == 0
        assert libc.pthread_mutex_unlock(shared) == 0
        os.waitpid(child, 0)
        """);
  }

  @Test
  void eachThreadKeepsListsSequencesStacksAndNames() throws Exception {
    survives(
        """
        ARCH_PRCTL, GET_ROBUST_LIST, GETCPU = 158, 274, 309
        stop, wrong, started, alive = threading.Event(), [], [], []
        def view():
          head, length = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
          assert libc.syscall(GET_ROBUST_LIST, 0, head, length) == 0
          stack, tid, fs = [ctypes.create_string_buffer(24) for i in range(3)]
          libc.sigaltstack(None, stack)
          libc.prctl(40, tid, 0, 0, 0)
          libc.syscall(ARCH_PRCTL, 0x1003, fs)
          return dict(list=head.raw, length=length.raw, stack=stack.raw, tid=tid.raw, fs=fs.raw,
            comm=open('/proc/thread-self/comm').read(), me=threading.get_native_id())
        offset = ctypes.c_ssize_t.in_dll(libc, '__rseq_offset').value
        def cpu_of_rseq():
          fs = ctypes.create_string_buffer(8)
          libc.syscall(ARCH_PRCTL, 0x1003, fs)
          return struct.unpack('I', ctypes.string_at(struct.unpack('Q', fs.raw)[0] + offset + 4, 4))[0]
        def worker(n):
          at = base + 16384 + n * 12288
          if n != 2: assert libc.sigaltstack(struct.pack('Qi4xQ', at, 0x80000000 * 0, 12288), None) == 0
          libc.prctl(15, ctypes.c_char_p(b'thread %d' % n), 0, 0, 0)
          before = view()
          started.append(n)
          stop.wait()
          if view() != before: wrong.append((n, before, view()))
          here = cpu_of_rseq()
          if here not in os.sched_getaffinity(0): wrong.append((n, 'rseq', here))
          alive.append(n)
        for n in range(4): threading.Thread(target=worker, args=(n,), daemon=True).start()
        ready_threads(started, 4)
        mine = view()
        assert cpu_of_rseq() in os.sched_getaffinity(0)
        ready()
        assert view() == mine
        stop.set()
        ready_threads(alive, 4)
        assert wrong == [], wrong
        assert cpu_of_rseq() in os.sched_getaffinity(0)
        """);
  }

  @Test
  void joinsAndExitsGoOn() throws Exception {
    survives(
        """
        stop, ended = threading.Event(), []
        def worker(n):
          stop.wait()
          ended.append(n)
        def joiner(t):
          t.join()
          ended.append('joined')
        workers = [threading.Thread(target=worker, args=(n,)) for n in range(5)]
        for t in workers: t.start()
        j = threading.Thread(target=joiner, args=(workers[0],))
        j.start()
        ready()
        stop.set()
        for t in workers + [j]: t.join()
        assert len(ended) == 6
        late = threading.Thread(target=worker, args=(9,))
        late.start()
        late.join()
        """);
  }
}
