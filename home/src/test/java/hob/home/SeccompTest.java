package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** seccomp(2): the program's own filters go along, and hold. */
class SeccompTest {
  /** A filter that lets one system call fail with a number of one's choice. */
  private static final String FILTER =
      """
      import threading, platform, errno
      def deny(nr, error, flags=0):
        prog = b''.join(struct.pack('HBBI', *i) for i in
          [(0x20, 0, 0, 0), (0x15, 0, 1, nr), (6, 0, 0, 0x50000 | error), (6, 0, 0, 0x7fff0000)])
        buffer = ctypes.create_string_buffer(prog)
        head = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', 4, ctypes.addressof(buffer)))
        assert libc.syscall(317, 1, flags, head) == 0, ctypes.get_errno()
      def fails(nr):
        r = libc.syscall(nr, 0, 0, 0, 0, 0, 0)
        return ctypes.get_errno() if r < 0 else 0
      GETPPID, GETUID, GETGID = 110, 102, 104
      def status(what, tid='self'):
        for line in open('/proc/self/task/%s/status' % tid if tid != 'self' else
            '/proc/thread-self/status'):
          if line.startswith(what + ':'): return int(line.split()[1])
      """;

  @TempDir Path directory;

  private void survives(String script) throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, FILTER + script)) {
      p.moveAndCheck();
    }
  }

  @Test
  void eachThreadHasItsOwnFilters() throws Exception {
    survives(
        """
        libc.prctl(38, 1, 0, 0, 0)
        deny(GETUID, errno.ENOTTY)
        results, go = {}, threading.Event()
        def worker():
          deny(GETPPID, errno.EXDEV)
          results['before'] = (fails(GETUID), fails(GETPPID), status('Seccomp_filters'))
          go.wait()
          results['after'] = (fails(GETUID), fails(GETPPID), status('Seccomp_filters'))
        t = threading.Thread(target=worker)
        t.start()
        while 'before' not in results: time.sleep(0.01)
        mine = (fails(GETUID), fails(GETPPID), status('Seccomp_filters'), status('NoNewPrivs'))
        assert mine == (errno.ENOTTY, 0, 1, 1), mine
        ready()
        assert mine == (fails(GETUID), fails(GETPPID), status('Seccomp_filters'),
          status('NoNewPrivs'))
        go.set()
        t.join()
        assert results['after'] == results['before'] == (errno.ENOTTY, errno.EXDEV, 2)
        """);
  }

  @Test
  void filtersOfThreadsStayTheSameOnes() throws Exception {
    survives(
        """
        go, results = threading.Event(), []
        def worker():
          go.wait()
          results.append((fails(GETUID), fails(GETGID)))
        t = threading.Thread(target=worker)
        t.start()
        deny(GETUID, errno.ENOTTY, flags=1)
        ready()
        deny(GETGID, errno.EXDEV, flags=1)
        go.set()
        t.join()
        assert results == [(errno.ENOTTY, errno.EXDEV)]
        """);
  }

  @Test
  void strictModeKillsWhatDoesMoreThanReadAndWrite() throws Exception {
    survives(
        """
        import signal
        r, w = os.pipe()
        back, out = os.pipe()
        child = os.fork()
        if child == 0:
          one = ctypes.create_string_buffer(1)
          libc.prctl(22, 1, 0, 0, 0)
          libc.read(r, one, 1)
          libc.write(out, one, 1)
          libc.read(r, one, 1)
          libc.getppid()
        time.sleep(0.1)
        ready()
        os.write(w, b'x')
        assert os.read(back, 1) == b'x'
        os.write(w, b'y')
        assert os.waitpid(child, 0)[1] & 0x7f == signal.SIGKILL
        """);
  }

  @Test
  void filtersThatBeginAbroadHoldAtHome() throws Exception {
    try (MovedProgram p =
            MovedProgram.start(
                directory,
                FILTER
                    + """
                    deny(GETGID, errno.EXDEV)
                    go, results = threading.Event(), {}
                    def worker():
                      go.wait()
                      results['worker'] = (fails(GETUID), fails(GETGID), fails(GETPPID),
                        status('NoNewPrivs'), status('Seccomp_filters'))
                    threading.Thread(target=worker).start()
                    def away():
                      asked('deny')
                      libc.prctl(38, 1, 0, 0, 0)
                      deny(GETUID, errno.ENOTTY, flags=1)
                      deny(GETPPID, errno.EBADF)
                      done('deny')
                      go.wait()
                      results['away'] = (fails(GETUID), fails(GETGID), fails(GETPPID),
                        status('NoNewPrivs'), status('Seccomp_filters'))
                    threading.Thread(target=away).start()
                    ready()
                    go.set()
                    while len(results) < 2: time.sleep(0.01)
                    assert results['worker'] == (errno.ENOTTY, errno.EXDEV, 0, 1, 2), results
                    assert results['away'] == (errno.ENOTTY, errno.EXDEV, errno.EBADF, 1, 3), results
                    """);
        MovedProgram.Trip trip = p.trip()) {
      trip.to("h2");
      trip.does("deny");
      trip.to("h1");
      p.check();
    }
  }
}
