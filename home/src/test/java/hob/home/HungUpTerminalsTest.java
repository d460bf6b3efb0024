package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Terminals that nobody is behind any more. */
class HungUpTerminalsTest {
  @TempDir Path directory;

  @Test
  void theyStayAtTheirEnd() throws Exception {
    MovedProgram.survives(
        directory,
        """
        import signal
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        master, slave = os.openpty()
        again = os.open(os.ttyname(slave), os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        fcntl.ioctl(slave, 0x540E, 1)
        os.close(master)
        def view():
          all = []
          for fd in (slave, again):
            try: all.append(os.read(fd, 10))
            except OSError as e: all.append(e.errno)
            try: all.append(os.write(fd, b'x'))
            except OSError as e: all.append(e.errno)
            try: all.append(fcntl.ioctl(fd, 0x5401, bytes(60)))
            except OSError as e: all.append(e.errno)
            all.append(fcntl.fcntl(fd, 3))
          try: all.append(os.open('/dev/tty', os.O_RDWR))
          except OSError as e: all.append(e.errno)
          return all
        before = view()
        assert before[0] == b'' and before[1] == 5, before
        ready()
        assert view() == before, (before, view())
        """);
  }
}
