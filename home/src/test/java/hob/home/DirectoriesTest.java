package hob.home;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Roots, and files of /proc. */
class DirectoriesTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void changedRootStays() throws Exception {
    survives(
        """
        os.mkdir('jail')
        open('jail/inside', 'w').write('in')
        outside = os.open('out', os.O_RDONLY)
        child = os.fork()
        if child == 0:
          os.chroot('jail')
          while True:
            try: os.stat('looked'); break
            except FileNotFoundError: time.sleep(0.01)
          ok = open('/inside').read() == 'in' and not os.path.exists('/proc')
          os._exit(0 if ok else 1)
        time.sleep(0.1)
        ready()
        assert os.readlink('/proc/%d/root' % child) == home + '/jail'
        open('looked', 'w').close()
        assert os.waitpid(child, 0)[1] == 0
        """);
  }

  @Test
  void filesOfProcShowTheSameProcess() throws Exception {
    survives(
        """
        child = os.fork()
        if child == 0:
          while not os.path.exists('go'): time.sleep(0.01)
          os._exit(0)
        fd = os.open('/proc/%d/stat' % child, os.O_RDONLY)
        own = os.open('/proc/self/status', os.O_RDONLY)
        limit = os.open('/proc/sys/fs/nr_open', os.O_RDONLY)
        ready()
        assert os.read(own, 4096).split(b'\\nPid:\\t')[1].split()[0] == str(os.getpid()).encode()
        assert int(os.read(limit, 100)) > 0
        """);
  }

  @Test
  void fileOfProcAboutEndedProcessStaysOpen() throws Exception {
    survives(
        """
        child = os.fork()
        if child == 0: time.sleep(100)
        fd = os.open('/proc/%d/stat' % child, os.O_RDONLY)
        os.kill(child, 9)
        os.waitpid(child, 0)
        ready()
        try:
          os.read(fd, 100)
          raise AssertionError('there is such a process')
        except ProcessLookupError: pass
        """);
  }

  @Test
  void fileOfProcAboutAnotherProcessIsRefused() throws Exception {
    String script =
        """
        others = [p for p in os.listdir('/proc') if p.isdigit() and int(p) not in (1, os.getpid())]
        fd = os.open('/proc/%s/stat' % others[0], os.O_RDONLY)
        ready()
        """;
    try (MovedProgram p = MovedProgram.start(directory, script)) {
      assertThatThrownBy(p::moveAround)
          .isInstanceOf(MoveRefusedException.class)
          .hasMessageContaining("about a process that does not move along");
      p.check();
    }
  }

  @Test
  void partsThatWereReadAreNotReadAgain() throws Exception {
    MovedProgram.survives(
        directory,
        """
        def entries(fd):
          buffer = ctypes.create_string_buffer(64)
          return libc.syscall(217, fd, buffer, 64)
        os.mkdir('empty')
        fresh, end, again = [os.open('empty', os.O_RDONLY | os.O_DIRECTORY) for _ in range(3)]
        assert entries(end) == 48
        assert entries(again) == 48 and entries(again) == 0
        os.lseek(again, 0, 0)
        ready()
        assert entries(fresh) == 48 and entries(fresh) == 0
        assert entries(end) == 0
        os.lseek(end, 0, 0)
        assert entries(end) == 48
        assert entries(again) == 48 and entries(again) == 0
        """);
  }
}
