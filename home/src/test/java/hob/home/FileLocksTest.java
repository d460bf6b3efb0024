package hob.home;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Locks and leases: held before, held after, and by the same holder. */
class FileLocksTest {
  private static final String LOCK =
      """
      def lock(kind, start, length): return struct.pack('hhqqi4x', kind, 0, start, length, 0)
      """;

  @TempDir Path directory;

  private void survives(String script) throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, LOCK + script)) {
      p.moveAndCheck();
    }
  }

  @Test
  void recordLocksBelongToTheirProcess() throws Exception {
    String script =
        LOCK
            + """
            fd = os.open('l', os.O_RDWR | os.O_CREAT)
            fcntl.fcntl(fd, fcntl.F_SETLK, lock(fcntl.F_WRLCK, 10, 20))
            fcntl.fcntl(fd, fcntl.F_SETLK, lock(fcntl.F_RDLCK, 100, 0))
            ready()
            child = os.fork()
            if child == 0:
              k, _, start, length, pid = struct.unpack('hhqqi4x',
                fcntl.fcntl(fd, fcntl.F_GETLK, lock(fcntl.F_WRLCK, 0, 50)))
              ok = (k, start, length, pid) == (fcntl.F_WRLCK, 10, 20, os.getppid())
              os._exit(0 if ok else 1)
            assert os.waitpid(child, 0)[1] == 0
            """;
    try (MovedProgram p = MovedProgram.start(directory, script);
        FileChannel other =
            FileChannel.open(
                directory.resolve("l"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      assertThat(other.tryLock(10, 1, false)).isNull();
      p.moveAround();
      assertThat(other.tryLock(10, 1, false)).isNull();
      assertThat(other.tryLock(100, 1, true)).isNotNull();
      p.check();
    }
  }

  @Test
  void descriptionsKeepTheirLocks() throws Exception {
    survives(
        """
        a = os.open('a', os.O_RDWR | os.O_CREAT)
        fcntl.flock(a, fcntl.LOCK_EX)
        b = os.open('b', os.O_RDWR | os.O_CREAT)
        fcntl.fcntl(b, 37, lock(fcntl.F_WRLCK, 5, 5))
        child = os.fork()
        if child == 0:
          while not os.path.exists('go'): time.sleep(0.01)
          os._exit(0)
        ready()
        try:
          fcntl.flock(os.open('a', os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)
          raise AssertionError('flock was lost')
        except BlockingIOError: pass
        kind = struct.unpack('h', fcntl.fcntl(os.open('b', os.O_RDWR), 36,
          lock(fcntl.F_WRLCK, 0, 0))[:2])[0]
        assert kind == fcntl.F_WRLCK
        """);
  }

  @Test
  void whoWaitsForLockGetsItLater() throws Exception {
    survives(
        """
        fd = os.open('l', os.O_RDWR | os.O_CREAT)
        fcntl.flock(fd, fcntl.LOCK_EX)
        child = os.fork()
        if child == 0:
          fcntl.flock(os.open('l', os.O_RDWR), fcntl.LOCK_EX)
          os._exit(7)
        time.sleep(0.1)
        ready()
        assert os.waitpid(child, os.WNOHANG) == (0, 0)
        fcntl.flock(fd, fcntl.LOCK_UN)
        assert os.waitpid(child, 0)[1] == 7 << 8
        """);
  }

  @Test
  void readLeaseStays() throws Exception {
    survives(
        """
        open('l', 'w').close()
        fd = os.open('l', os.O_RDONLY)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        ready()
        assert fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_RDLCK
        """);
  }

  private static final String LEASES =
      """
      import signal
      for n in 'rwb': open(n, 'w').close()
      seen = []
      signal.signal(signal.SIGIO, lambda n, f: seen.append(n))
      r = os.open('r', os.O_RDONLY)
      w = os.open('w', os.O_RDWR | os.O_APPEND)
      b = os.open('b', os.O_WRONLY)
      fcntl.fcntl(r, fcntl.F_SETLEASE, fcntl.F_RDLCK)
      fcntl.fcntl(w, fcntl.F_SETLEASE, fcntl.F_WRLCK)
      fcntl.fcntl(b, fcntl.F_SETLEASE, fcntl.F_WRLCK)
      try: os.open('b', os.O_RDONLY | os.O_NONBLOCK)
      except BlockingIOError: pass
      time.sleep(0.05)
      assert seen.pop() == signal.SIGIO
      twin = os.dup(w)
      ready()
      def lease(fd): return fcntl.fcntl(fd, fcntl.F_GETLEASE)
      assert seen == []
      assert (lease(r), lease(w), lease(twin)) == (fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_WRLCK)
      assert lease(b) == fcntl.F_RDLCK, 'the broken lease is to become a read lease'
      os.write(w, b'a')
      try: os.open('w', os.O_RDONLY | os.O_NONBLOCK)
      except BlockingIOError: pass
      time.sleep(0.05)
      assert seen == [signal.SIGIO], 'its breach is told'
      """;

  @Test
  void leasesMoveEvenBrokenOnes() throws Exception {
    survives(LEASES);
  }

  @Test
  void leasesAreTakenBackWhenMoveIsGivenUp() throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, LOCK + LEASES)) {
      p.giveUpMove();
      p.check();
    }
  }
}
