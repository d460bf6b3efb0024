package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Users, groups, capabilities and securebits of processes and threads. */
class CredentialsTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void eachThreadKeepsItsOwnCredentials() throws Exception {
    survives(
        """
        import threading
        SETRESUID, SETRESGID, SETGROUPS, SETFSUID, CAPSET, CAPGET = 117, 119, 116, 122, 126, 125
        threads, stop = {}, threading.Event()
        def sys(*a): assert libc.syscall(*a) == 0, (a, ctypes.get_errno())
        def pr(*a): assert libc.prctl(*(a + (0,) * (5 - len(a)))) == 0, (a, ctypes.get_errno())
        header = struct.pack('Ii', 0x20080522, 0)
        def capset(e, p, i):
          w = lambda v, h: v >> 32 * h & 0xffffffff
          sys(CAPSET, header, struct.pack('6I', w(e, 0), w(p, 0), w(i, 0), w(e, 1), w(p, 1), w(i, 1)))
        def all_ids():
          sys(SETGROUPS, 3, struct.pack('3i', 7, 8, 4000000))
          sys(SETRESGID, 11, 12, 13)
          sys(SETRESUID, 21, 22, 23)
        def kept():
          pr(8, 1)
          sys(SETRESUID, 1000, 1000, 1000)
        def few(): capset(1 << 7 | 1 << 12, 1 << 7 | 1 << 12 | 1 << 13, 0)
        def ambient():
          capset(1 << 8 | 1 << 10, 1 << 8 | 1 << 10, 1 << 10)
          pr(47, 2, 10)
        def bounded():
          for c in (1, 2, 3, 30): pr(24, c)
        def secured(): pr(28, 0x2f & ~0x10)
        def fs(): libc.syscall(SETFSUID, 77)
        def strict(): pr(38, 1)
        setups = dict(all_ids=all_ids, kept=kept, few=few, ambient=ambient, bounded=bounded, secured=secured, fs=fs,
          strict=strict)
        def view():
          t = open('/proc/thread-self/status').read()
          b = ctypes.create_string_buffer(24)
          libc.syscall(CAPGET, header, b)
          keys = ('Uid', 'Gid', 'Groups', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs')
          return ([l for l in t.split('\\n') if l.split(':')[0] in keys], b.raw, libc.prctl(27, 0, 0, 0, 0),
            libc.prctl(7, 0, 0, 0, 0))
        wrong = []
        def worker(name, setup):
          setup()
          before = view()
          threads[name] = before
          stop.wait()
          if view() != before: wrong.append((name, before, view()))
          threads.pop(name)
        for name, setup in setups.items():
          threading.Thread(target=worker, args=(name, setup), daemon=True).start()
        end = time.monotonic() + 5
        while len(threads) < len(setups) and time.monotonic() < end: time.sleep(0.01)
        assert len(threads) == len(setups), threads.keys()
        mine = view()
        ready()
        assert view() == mine
        stop.set()
        while threads: time.sleep(0.01)
        assert wrong == [], wrong
        """);
  }

  @Test
  void programsOfOtherUsersKeepTheirFilesAndChildren() throws Exception {
    survives(
        """
        open('mine', 'w').close()
        os.chmod('mine', 0o600)
        secret = os.open('mine', os.O_RDWR)
        child = os.fork()
        if child == 0:
          os.setgroups([5, 6])
          os.setresgid(3000, 3000, 3000)
          os.setresuid(3000, 3000, 3000)
          ended = os.fork()
          if ended == 0: os._exit(6)
          os.waitid(os.P_PID, ended, os.WEXITED | os.WNOWAIT)
          open('/dev/null')
          os.umask(0)
          os.write(secret, b'set')
          while os.pread(secret, 2, 10) != b'go': time.sleep(0.01)
          try:
            open('mine')
            os._exit(1)
          except PermissionError: pass
          info = os.waitid(os.P_PID, ended, os.WEXITED | os.WNOWAIT)
          if info.si_uid != 3000: os._exit(2)
          if os.waitpid(ended, 0)[1] != 6 << 8: os._exit(3)
          if os.getresuid() != (3000,) * 3 or os.getgroups() != [5, 6]: os._exit(4)
          os._exit(0)
        while os.pread(secret, 3, 0) != b'set': time.sleep(0.01)
        ready()
        os.pwrite(secret, b'go', 10)
        assert os.waitpid(child, 0)[1] == 0
        """);
  }
}
