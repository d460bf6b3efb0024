package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Actions, masks, alternate stacks and queues of signals. */
class SignalsTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void queuedSignalsArriveOnceAndInOrder() throws Exception {
    survives(
        """
        import signal, threading
        QUEUED, ONE = 36, signal.SIGUSR2
        signal.pthread_sigmask(signal.SIG_BLOCK, [QUEUED, ONE, signal.SIGCHLD])
        libc.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
        def take(*signals):
          info, mask = ctypes.create_string_buffer(128), 0
          for s in signals: mask |= 1 << (s - 1)
          none = struct.pack('qq', 0, 0)
          r = libc.syscall(128, struct.pack('Q', mask), info, none, 8)
          if r < 0: return None
          code, pid, value = struct.unpack('i4xi4xq', info.raw[8:32])
          return (r, code, value) if r == QUEUED else (r, code, 0)
        done, mine = threading.Event(), []
        def worker():
          me = threading.get_ident()
          for n in range(3): signal.pthread_kill(me, QUEUED)
          mine.append(0)
          done.wait()
          while take(QUEUED): mine.append(1)
        t = threading.Thread(target=worker)
        t.start()
        while not mine: time.sleep(0.01)
        for n in range(100): assert libc.sigqueue(os.getpid(), QUEUED, n) == 0
        os.kill(os.getpid(), ONE)
        child = os.fork()
        if child == 0: os._exit(3)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        ready()
        assert [take(QUEUED)[2] for n in range(50)] == list(range(50))
        assert take(ONE) == (ONE, 0, 0) and take(ONE) is None
        assert take(signal.SIGCHLD)[1] == 1 and take(signal.SIGCHLD) is None
        assert [take(QUEUED)[2] for n in range(50)] == list(range(50, 100))
        assert take(QUEUED) is None
        done.set()
        t.join()
        assert mine == [0, 1, 1, 1], 'what is pending for one thread stays with it'
        assert os.waitpid(child, 0)[1] == 3 << 8
        """);
  }

  /** The kernel delivers them before the trap behind injected calls, although they are blocked. */
  @Test
  void faultsThatAreBlockedStayPending() throws Exception {
    survives(
        """
        import signal
        FAULTS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS)
        signal.pthread_sigmask(signal.SIG_BLOCK, FAULTS)
        def told(fault): return struct.pack('iii4xQ', fault, 0, 1, 4096 * fault)
        for s in FAULTS:
          assert libc.syscall(297, os.getpid(), os.getpid(), s, told(s) + bytes(104)) == 0
        ready()
        for s in FAULTS:
          info = ctypes.create_string_buffer(128)
          r = libc.syscall(128, struct.pack('Q', 1 << (s - 1)), info, struct.pack('qq', 0, 0), 8)
          assert r == s and info.raw[:24] == told(s), (r, s, info.raw[:24])
        """);
  }

  @Test
  void actionsMasksAndAlternateStackStay() throws Exception {
    survives(
        """
        import signal
        action = struct.pack('QQQQ', 1, 0x8000000, 0, 1 << 30)
        def actions():
          got = []
          for s in range(1, 65):
            b = ctypes.create_string_buffer(32)
            if libc.syscall(13, s, None, b, 8) == 0: got.append(b.raw)
          return got
        signal.signal(signal.SIGUSR1, lambda *a: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTRAP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, 40])
        stack = mmap.mmap(-1, 1 << 16)
        at = ctypes.addressof(ctypes.c_char.from_buffer(stack))
        new, old = struct.pack('Qi4xQ', at, 0, 1 << 16), ctypes.create_string_buffer(24)
        assert libc.sigaltstack(new, None) == 0
        before = actions()
        ready()
        changed = [(a, b) for a, b in zip(before, actions()) if a != b]
        assert changed == [], changed
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) >= {signal.SIGTERM, 40}
        libc.sigaltstack(None, old)
        assert struct.unpack('Qi4xQ', old.raw) == (at, 0, 1 << 16)
        """);
  }

  @Test
  void whoStopsAtItsOwnTrapsGoesOnFromThere() throws Exception {
    survives(
        """
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        # inc dword [counter]; ret. And: mov ecx, edi; again: int3; dec ecx; jnz again; ret
        counter = ctypes.c_uint.in_dll(libc, 'optopt')
        at = ctypes.addressof(ctypes.c_char.from_buffer(code))
        handler = b'\\x48\\xb8' + struct.pack('Q', ctypes.addressof(counter)) + b'\\xff\\x00\\xc3'
        trapper = b'\\x89\\xf9\\xcc\\xff\\xc9\\x75\\xfb\\xc3'
        code[0:len(handler)] = handler
        code[64:64 + len(trapper)] = trapper
        libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
        traps = ctypes.CFUNCTYPE(None, ctypes.c_uint)(at + 64)
        def trap():
          libc.signal(5, at)
          counter.value = 0
          n = 0
          while not os.path.exists('go'):
            traps(20000)
            n += 20000
            if counter.value != n: os._exit(1)
          os._exit(0)
        children = []
        for i in range(3):
          pid = os.fork()
          if pid == 0: trap()
          children.append(pid)
        ready(busy=True)
        for pid in children: assert os.waitpid(pid, 0)[1] == 0
        """);
  }
}
