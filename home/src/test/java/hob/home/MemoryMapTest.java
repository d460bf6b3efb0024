package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The memory map: what kinds of mappings there are, and what madvise(2) and mlock(2) set. */
class MemoryMapTest {
  private static final String CALLS =
      """
      libc.mmap.restype = ctypes.c_void_p
      libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
      def p(a): return ctypes.c_void_p(a)
      n = ctypes.c_size_t
      PRIVATE, SHARED, FIXED, NORESERVE, STACK, HUGE = 0x22, 0x21, 0x10, 0x4000, 0x20000, 0x200000
      def memory(size, kind=PRIVATE, prot=3, fd=-1, offset=0):
        a = libc.mmap(None, size, prot, kind, fd, offset)
        assert a not in (None, 2 ** 64 - 1), ctypes.get_errno()
        return a
      def advise(a, size, *advice):
        for x in advice: assert libc.madvise(p(a), n(size), x) == 0, (x, ctypes.get_errno())
      """;

  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, CALLS + script);
  }

  @Test
  void mappingsOfAllKinds() throws Exception {
    survives(
        """
        open('data', 'wb').write(os.urandom(1 << 16))
        fd = os.open('data', os.O_RDWR)
        ro = os.open('data', os.O_RDONLY)
        private = memory(1 << 16, 2, 3, fd)
        shared = memory(1 << 16, 1, 3, fd)
        readonly = memory(1 << 14, 1, 1, ro, 8192)
        private_ro = memory(1 << 14, 2, 1, ro, 4096)
        executable = memory(1 << 14, 2, 5, ro)
        ctypes.memset(private + 4096, 66, 10)
        none = memory(1 << 16)
        ctypes.memset(none, 67, 1 << 16)
        libc.mprotect(p(none + 8192), n(8192), 0)
        libc.mprotect(p(none + 32768), n(4096), 1)
        written = memory(1 << 15, 2, 3, ro)
        ctypes.memset(written, 68, 4096)
        libc.mprotect(p(written), n(1 << 15), 5)
        reserved = memory(1 << 40, PRIVATE | NORESERVE, 0)
        libc.mprotect(p(reserved + (1 << 39)), n(1 << 20), 3)
        ctypes.memset(reserved + (1 << 39) + 4096, 69, 5)
        last = memory(1 << 16, 2, 3, fd, 1 << 20)
        everyone = memory(1 << 20, SHARED)
        ctypes.memset(everyone + 4096, 70, 3)
        ready()
        with open('data', 'rb') as f: data = f.read()
        assert ctypes.string_at(private, 4096) == data[:4096]
        assert ctypes.string_at(private + 4096, 11) == b'B' * 10 + data[4106:4107]
        assert ctypes.string_at(readonly, 100) == data[8192:8292]
        assert ctypes.string_at(private_ro, 100) == data[4096:4196]
        ctypes.memset(shared + 3, 71, 1)
        assert os.pread(fd, 1, 3) == b'G' and ctypes.string_at(private + 3, 1) == b'G', 'not copied yet'
        assert ctypes.string_at(written, 4096) == b'D' * 4096
        libc.mprotect(p(none), n(1 << 16), 3)
        assert ctypes.string_at(none, 1 << 16) == b'C' * (1 << 16), 'behind no rights'
        assert ctypes.string_at(reserved + (1 << 39) + 4096, 6) == b'E' * 5 + bytes(1)
        assert ctypes.string_at(everyone + 4096, 4) == b'F' * 3 + bytes(1)
        child = os.fork()
        if child == 0:
          ctypes.memset(everyone, 72, 1)
          ctypes.string_at(last, 1)
          os._exit(0)
        assert os.waitpid(child, 0)[1] & 0x7f == 7, 'SIGBUS behind the end'
        assert ctypes.string_at(everyone, 1) == b'H'
        """);
  }

  @Test
  void adviceStays() throws Exception {
    survives(
        """
        size = 4 << 20
        areas = {a: memory(size) for a in (1, 2, 10, 12, 14, 15, 16, 18)}
        for a, at in areas.items():
          ctypes.memset(at, 65, 8192)
          try: advise(at, size, a)
          except AssertionError as e: print(a, 'is not there', e)
        open('f', 'wb').write(bytes(1 << 16))
        f = memory(1 << 16, 2, 3, os.open('f', os.O_RDWR))
        advise(f, 1 << 16, 2)
        freed = memory(1 << 16)
        ctypes.memset(freed, 65, 1 << 16)
        advise(freed, 4096, 4)
        child = os.fork()
        if child == 0:
          while not os.path.exists('go'): time.sleep(0.01)
          os._exit(ctypes.string_at(areas[18], 1)[0])
        ready()
        assert ctypes.string_at(freed, 1) == bytes(1) and ctypes.string_at(freed + 4096, 1) == b'A'
        assert os.waitpid(child, 0)[1] == 0, 'wiped in a child'
        again = os.fork()
        if again == 0: os._exit(ctypes.string_at(areas[18], 1)[0])
        assert os.waitpid(again, 0)[1] == 0, 'wiped in a later child'
        assert ctypes.string_at(areas[18], 1) == b'A'
        """);
  }

  @Test
  void lockedMemoryStaysLocked() throws Exception {
    survives(
        """
        import resource
        def locked(): return open('/proc/self/status').read().split('VmLck:')[1].split()[0]
        both = memory(3 << 16)
        a, b = both, both + (2 << 16)
        libc.mprotect(p(a + (1 << 16)), n(1 << 16), 0)
        assert libc.mlock(p(a), n(1 << 16)) == 0
        assert libc.mlock2(p(b), n(8192), 1) == 0
        child = os.fork()
        if child == 0:
          assert libc.mlockall(1 | 2) == 0
          open('set', 'w').close()
          before = locked()
          while not os.path.exists('go'): time.sleep(0.01)
          if locked() != before: os._exit(1)
          memory(1 << 20)
          os._exit(0 if int(locked()) >= int(before) + 1024 else 2)
        while not os.path.exists('set'): time.sleep(0.01)
        before = locked()
        ready()
        assert locked() == before and before != '0'
        assert os.waitpid(child, 0)[1] == 0
        """);
  }

  @Test
  void stackGrowsOn() throws Exception {
    survives(
        """
        import resource
        grows = memory(1 << 16, 0x122)
        ctypes.memset(grows, 65, 1 << 16)
        ready()
        def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
        sys.setrecursionlimit(100000)
        child = os.fork()
        if child == 0:
          big = ctypes.CDLL(None)
          libc.alloca = None
          compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
          def nested(depth):
            if depth == 0: return
            array = (ctypes.c_int * 2)(2, 1)
            libc.qsort(array, 2, 4, compare(lambda a, b: nested(depth - 1) or 0))
          nested(800)
          ctypes.memset(grows - 8192, 66, 4)
          os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        size = [l for l in open('/proc/self/maps') if '[stack]' in l]
        assert len(size) == 1
        """);
  }

  @Test
  void breakGrowsOn() throws Exception {
    survives(
        """
        libc.sbrk.restype = ctypes.c_void_p
        at = libc.sbrk(1 << 20)
        ctypes.memset(at, 65, 100)
        end = libc.sbrk(0)
        ready()
        assert libc.sbrk(0) == end and ctypes.string_at(at, 100) == b'A' * 100
        assert libc.sbrk(1 << 20) == end
        ctypes.memset(end, 66, 1 << 20)
        assert '[heap]' in open('/proc/self/maps').read()
        """);
  }

  @Test
  void memoryOfParentAndChildStaysApart() throws Exception {
    survives(
        """
        size = 8 << 20
        private, shared = memory(size), memory(size, SHARED)
        ctypes.memset(private, 65, size)
        ctypes.memset(shared, 65, size)
        r, w = os.pipe()
        child = os.fork()
        if child == 0:
          ctypes.memset(private + 4096, 66, 1)
          while not os.path.exists('go'): time.sleep(0.01)
          os.read(r, 1)
          ok = ctypes.string_at(private, 1) == b'A' and ctypes.string_at(private + 4096, 2) == b'BA'
          ctypes.memset(shared, 67, 1)
          os._exit(0 if ok else 1)
        ready()
        ctypes.memset(private, 68, 1)
        os.write(w, b'x')
        assert os.waitpid(child, 0)[1] == 0
        assert ctypes.string_at(private, 1) == b'D' and ctypes.string_at(private + 4096, 1) == b'A'
        assert ctypes.string_at(shared, 1) == b'C'
        """);
  }
}
