package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What prctl(2), personality(2) and files of /proc set for a process or a thread. */
class FlagsTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void flagsOfProcessesStay() throws Exception {
    survives(
        """
        PERSONALITY, ADDR_NO_RANDOMIZE, WHOLE_SECONDS = 135, 0x0040000, 0x2000000
        def ask(what):
          b = ctypes.create_string_buffer(8)
          assert libc.prctl(what, b, 0, 0, 0) == 0
          return struct.unpack('i', b.raw[:4])[0]
        def flags():
          return dict(dumpable=libc.prctl(3, 0, 0, 0, 0), subreaper=ask(37), death=ask(2),
            thp=libc.prctl(42, 0, 0, 0, 0), slack=libc.prctl(30, 0, 0, 0, 0), keep=libc.prctl(7, 0, 0, 0, 0),
            new=libc.prctl(39, 0, 0, 0, 0), secure=libc.prctl(27, 0, 0, 0, 0), tsc=ask(25),
            fp=libc.prctl(9, 0, 0, 0, 0), mce=libc.prctl(34, 0, 0, 0, 0), io=libc.prctl(58, 0, 0, 0, 0),
            merge=libc.prctl(68, 0, 0, 0, 0), mdwe=libc.prctl(66, 0, 0, 0, 0), timing=libc.prctl(13, 0, 0, 0, 0),
            personality=libc.syscall(PERSONALITY, 0xffffffff), comm=open('/proc/self/comm', 'rb').read(),
            ssb=libc.prctl(52, 0, 0, 0, 0), branch=libc.prctl(52, 1, 0, 0, 0),
            core=open('/proc/self/coredump_filter').read(), oom=open('/proc/self/oom_score_adj').read(),
            umask=open('/proc/self/status', 'rb').read().split(b'Umask:')[1].split()[0])
        plain = flags()
        def setup():
          pr = lambda *a: (libc.prctl(*(a + (0,) * (5 - len(a)))) == 0) or print(a, ctypes.get_errno())
          pr(4, 0)                 # not dumpable
          pr(36, 1)                # child subreaper
          pr(1, 15)                # parent's death: SIGTERM
          pr(41, 1)                # no huge pages
          pr(29, 777777)           # timer slack
          pr(8, 1)                 # keep capabilities
          pr(38, 1)                # no new privileges
          pr(15, ctypes.c_char_p(b'named (so) \\xff'))
          pr(33, 1, 1)            # early kill of poisoned memory
          pr(67, 1)                # merge all memory
          libc.syscall(PERSONALITY, ADDR_NO_RANDOMIZE | WHOLE_SECONDS)
          open('/proc/self/coredump_filter', 'w').write('0x11')
          open('/proc/self/oom_score_adj', 'w').write('321')
          os.umask(0o137)
        child = os.fork()
        if child == 0:
          setup()
          mine = flags()
          open('set', 'w').close()
          while not os.path.exists('go'): time.sleep(0.01)
          if flags() != mine: print([(k, v, flags()[k]) for k, v in mine.items() if v != flags()[k]])
          os._exit(flags() != mine)
        while not os.path.exists('set'): time.sleep(0.01)
        ready()
        assert flags() == plain, (flags(), plain)
        assert os.waitpid(child, 0)[1] == 0, open('out').read()
        """);
  }

  @Test
  void memoryThatMayNotBecomeExecutableStaysSo() throws Exception {
    survives(
        """
        child = os.fork()
        if child == 0:
          m = mmap.mmap(-1, 4096)
          at = ctypes.addressof(ctypes.c_char.from_buffer(m))
          if libc.prctl(65, 1, 0, 0, 0) != 0: os._exit(0)
          open('set', 'w').close()
          while not os.path.exists('go'): time.sleep(0.01)
          if libc.prctl(66, 0, 0, 0, 0) != 1: os._exit(2)
          os._exit(0 if libc.mprotect(ctypes.c_void_p(at), 4096, 5) != 0 else 3)
        while not os.path.exists('set') and not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT): time.sleep(0.01)
        ready()
        assert os.waitpid(child, 0)[1] == 0
        """);
  }

  @Test
  void timeStampCounterStaysForbidden() throws Exception {
    survives(
        """
        child = os.fork()
        if child == 0:
          code = bytes.fromhex('0f31c3')
          page = mmap.mmap(-1, 4096, prot=7)
          page[:3] = code
          at = ctypes.addressof(ctypes.c_char.from_buffer(page))
          libc.prctl(26, 2, 0, 0, 0)
          open('set', 'w').close()
          while not os.path.exists('go'): time.sleep(0.01)
          ctypes.CFUNCTYPE(ctypes.c_long)(at)()
          os._exit(0)
        while not os.path.exists('set'): time.sleep(0.01)
        ready()
        assert os.waitpid(child, 0)[1] & 0x7f == 11
        """);
  }
}
