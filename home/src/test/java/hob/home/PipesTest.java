package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** pipe(7), and who gets the signals of open files. */
class PipesTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void packetsStayApart() throws Exception {
    survives(
        """
        r, w = os.pipe2(os.O_DIRECT | os.O_NONBLOCK)
        for n in (1, 700, 4096, 3): os.write(w, bytes([n & 255]) * n)
        one, in_it = os.pipe2(os.O_DIRECT)
        os.write(in_it, b'alone')
        fcntl.fcntl(w, 1031, 1 << 18)
        ready()
        assert fcntl.fcntl(w, 1032) == 1 << 18
        assert fcntl.fcntl(w, fcntl.F_GETFL) & os.O_DIRECT
        for n in (1, 700, 4096, 3): assert os.read(r, 9999) == bytes([n & 255]) * n
        os.write(w, b'a'); os.write(w, b'b')
        assert os.read(r, 9) == b'a' and os.read(r, 9) == b'b'
        os.write(in_it, b'next')
        assert os.read(one, 2) == b'al' and os.read(one, 9) == b'next', 'a packet is read at once'
        """);
  }

  @Test
  void ownersAndTheirSignalsStay() throws Exception {
    survives(
        """
        import signal, socket
        seen = []
        signal.signal(signal.SIGUSR1, lambda n, f: seen.append(n))
        r, w = os.pipe()
        a, b = socket.socketpair()
        fcntl.fcntl(r, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(r, 10, signal.SIGUSR1)
        fcntl.fcntl(r, fcntl.F_SETFL, fcntl.fcntl(r, fcntl.F_GETFL) | os.O_ASYNC)
        fcntl.fcntl(a, fcntl.F_SETOWN, -os.getpgrp())
        def state():
          return [(fcntl.fcntl(fd, 16, bytes(8)), fcntl.fcntl(fd, 17, bytes(8)),
            fcntl.fcntl(fd, 11), fcntl.fcntl(fd, fcntl.F_GETFL)) for fd in (r, w, a.fileno())]
        before = state()
        ready()
        assert state() == before, (state(), before)
        assert seen == []
        os.write(w, b'x')
        time.sleep(0.05)
        assert seen == [signal.SIGUSR1]
        """);
  }
}
