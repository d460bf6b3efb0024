package hob.home;

import static org.assertj.core.api.Assertions.assertThat;

import hob.linux.Fd;
import hob.linux.ProcFs;
import hob.linux.Terminal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pseudo-terminals whose masters are in the tree. */
class PseudoTerminalsTest {
  @TempDir Path directory;

  @Test
  void bothEndsWithAllThatStandsInThem() throws Exception {
    MovedProgram.survives(
        directory,
        """
        import pty, select, termios, tty
        master, slave = os.openpty()
        name = os.ttyname(slave)
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('4H', 33, 77, 5, 6))
        settings = termios.tcgetattr(slave)
        settings[3] &= ~termios.ECHO
        settings[6][termios.VINTR] = b'x'
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        os.write(master, b'one\\ntwo\\nthr\\x04\\x04unfini')
        os.write(slave, b'out\\nput')
        reader = os.open(name, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        os.set_blocking(master, False)
        def view():
          return [fcntl.ioctl(slave, termios.TIOCGWINSZ, bytes(8)), termios.tcgetattr(slave),
              termios.tcgetattr(master), os.ttyname(slave), os.ttyname(reader),
              fcntl.ioctl(master, 0x80045430, bytes(4)), os.fstat(slave).st_mode,
              fcntl.fcntl(reader, 3), fcntl.fcntl(master, 3), fcntl.fcntl(slave, 3)]
        before = view()
        ready()
        assert view() == before, (before, view())
        assert os.read(slave, 100) == b'one\\n'
        assert os.read(slave, 100) == b'two\\n'
        assert os.read(slave, 100) == b'thr'
        assert os.read(slave, 100) == b''
        os.write(master, b'shed\\n')
        assert os.read(reader, 100) == b'unfinished\\n'
        assert os.read(master, 100) == b'out\\r\\nput'
        try: assert False, os.read(master, 100)
        except BlockingIOError: pass
        os.close(slave); os.close(reader)
        try: assert False, os.read(master, 100)
        except OSError as e: assert e.errno == 5, e
        """);
  }

  @Test
  void rawOnesInPacketModeThatStandStopped() throws Exception {
    MovedProgram.survives(
        directory,
        """
        import select, termios, tty
        pairs = []
        for i in range(4):
          master, slave = os.openpty()
          tty.setraw(slave)
          pairs.append((master, slave))
          os.write(master, bytes(range(256)))
          os.write(slave, bytes(range(255, -1, -1)))
          for fd in (master, slave):
            while struct.unpack('i', fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))[0] < 256:
              time.sleep(0.01)
        fcntl.ioctl(pairs[1][0], termios.TIOCPKT, struct.pack('i', 1))
        def writable(fd):
          return bool(select.select([], [fd], [], 0)[1])
        attributes = termios.tcgetattr(pairs[2][1])
        attributes[0] |= termios.IXON
        termios.tcsetattr(pairs[2][1], termios.TCSANOW, attributes)
        os.write(pairs[2][0], attributes[6][termios.VSTOP])
        termios.tcflow(pairs[3][1], termios.TCOOFF)
        fcntl.ioctl(pairs[0][1], 0x540C)
        time.sleep(0.1)
        assert [writable(s) for _, s in pairs] == [True, True, False, False]
        ready()
        assert [writable(s) for _, s in pairs] == [True, True, False, False]
        assert fcntl.ioctl(pairs[0][1], 0x80045440, bytes(4)) != bytes(4)
        assert fcntl.ioctl(pairs[1][1], 0x80045440, bytes(4)) == bytes(4)
        assert fcntl.ioctl(pairs[1][0], 0x80045438, bytes(4)) != bytes(4)
        for i, (m, s) in enumerate(pairs):
          back = bytes(range(255, -1, -1))
          assert os.read(s, 1000) == bytes(range(256))
          assert os.read(m, 1000) == (b'\\0' + back if i == 1 else back)
        os.write(pairs[2][0], attributes[6][termios.VSTART])
        time.sleep(0.1)
        assert writable(pairs[2][1])
        termios.tcflow(pairs[3][1], termios.TCOON)
        assert writable(pairs[3][1])
        """);
  }

  @Test
  void slavesThatNobodyHasOpen() throws Exception {
    MovedProgram.survives(
        directory,
        """
        import select, termios
        closed, slave = os.openpty()
        os.write(slave, b'last words')
        os.close(slave)
        fresh = os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        def events(fd):
          p = select.poll(); p.register(fd); return p.poll(0)
        def view():
          return [events(closed), events(fresh), fcntl.ioctl(fresh, 0x80045439, bytes(4)),
              fcntl.ioctl(closed, 0x80045439, bytes(4)), os.readlink('/proc/self/fd/%d' % fresh)]
        before = view()
        ready()
        assert view() == before, (before, view())
        assert os.read(closed, 100) == b'last words'
        try: assert False, os.read(closed, 100)
        except OSError as e: assert e.errno == 5, e
        """);
  }

  @Test
  void sessionsThatTheyControl() throws Exception {
    MovedProgram.survives(
        directory,
        """
        import pty, select, signal, termios
        def spawn():
          pid, master = pty.fork()
          if pid == 0:
            os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])
          return pid, master
        def until(master, what):
          got = b''
          end = time.time() + 15
          while what not in got and time.time() < end:
            if select.select([master], [], [], 0.2)[0]: got += os.read(master, 4096)
          assert what in got, (what, got)
        shell, master = spawn()
        os.write(master, b'PS1="> "; trap "echo hung" HUP; sleep 1000\\n')
        until(master, b'hung" HUP; sleep 1000\\r\\n')
        time.sleep(0.5)
        def group(): return struct.unpack('i', fcntl.ioctl(master, 0x540F, bytes(4)))[0]
        def session(): return struct.unpack('i', fcntl.ioctl(master, 0x5429, bytes(4)))[0]
        before = (group(), session())
        assert before[1] == shell and before[0] not in (0, shell), before
        ready()
        assert (group(), session()) == before, (before, group(), session())
        os.write(master, b'\\x1a')
        until(master, b'Stopped')
        os.write(master, b'jobs; fg\\n')
        until(master, b'sleep 1000\\r\\nsleep 1000')
        os.write(master, b'\\x03')
        until(master, b'> ')
        os.write(master, b'tty; echo $((6 * 7))\\n')
        until(master, b'42')
        os.kill(shell, 9)
        os.waitpid(shell, 0)
        """);
  }

  @Test
  void numbersAreKeptAtHomeWhileTheTreeIsAway() throws Exception {
    try (MovedProgram p =
            MovedProgram.start(
                directory,
                """
                import pty
                pid, master = pty.fork()
                if pid == 0:
                  while not os.path.exists('go'): time.sleep(0.01)
                  os._exit(8 if os.ttyname(0) == os.ttyname(1) and os.isatty(0) else 9)
                name = os.readlink('/proc/%d/fd/0' % pid)
                open('name', 'w').write(name)
                ready()
                assert os.waitpid(pid, 0)[1] == 8 << 8
                assert os.path.exists(name)
                """);
        MovedProgram.Trip trip = p.trip()) {
      String name = Files.readString(directory.resolve("name"));
      trip.to("h2");
      assertThat(Path.of(name)).exists();
      try (Fd other = Terminal.master("/dev/pts", 0)) {
        assertThat("/dev/pts/" + Terminal.number(other)).isNotEqualTo(name);
      }
      assertThat(shadowHolds(p.pid())).isTrue();
      trip.to("h3");
      trip.to("h1");
      p.check();
    }
  }

  /** Also when no daemon runs. */
  private static boolean shadowHolds(int pid) {
    return Arrays.stream(ProcFs.numbers("/proc/" + pid + "/fd"))
        .anyMatch(n -> Fd.readlink("/proc/" + pid + "/fd/" + n).endsWith("/ptmx"));
  }
}
