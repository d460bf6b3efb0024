package hob.home;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** inotify(7). */
class InotifyTest {
  private static final String WATCHES =
      """
      os.mkdir('d')
      open('d/f', 'w').close()
      kept = os.open('d/f', os.O_RDWR)
      fd = libc.inotify_init1(os.O_NONBLOCK)
      IN_MODIFY, IN_CREATE, IN_DELETE, IN_ONESHOT = 2, 0x100, 0x200, 0x80000000
      gone = libc.inotify_add_watch(fd, b'/', IN_CREATE)
      file = libc.inotify_add_watch(fd, b'd/f', IN_MODIFY)
      directory = libc.inotify_add_watch(fd, b'd', IN_CREATE | IN_DELETE)
      once = libc.inotify_add_watch(fd, home.encode(), IN_DELETE | IN_ONESHOT)
      assert libc.inotify_rm_watch(fd, gone) == 0 and os.read(fd, 100)
      def events():
        try: b = os.read(fd, 4096)
        except BlockingIOError: return []
        all = []
        while b:
          wd, mask, cookie, n = struct.unpack('iIII', b[:16])
          all.append((wd, mask & 0xfff, b[16:16 + n].rstrip(bytes(1))))
          b = b[16 + n:]
        return all
      """;

  @TempDir Path directory;

  @Test
  void watchesKeepNumbersAndMasks() throws Exception {
    MovedProgram.survives(
        directory,
        WATCHES
            + """
            other = os.dup(fd)
            ready()
            assert events() == [], 'the move itself is not seen'
            os.write(kept, b'x')
            open('d/new', 'w').close()
            os.unlink('d/new')
            assert events() == [(file, IN_MODIFY, b''), (directory, IN_CREATE, b'new'), (directory, IN_DELETE, b'new')]
            open('one', 'w').close()
            os.unlink('one')
            open('two', 'w').close()
            os.unlink('two')
            told = [e for e in events() if e[0] == once]
            assert told[0] == (once, IN_DELETE, b'one') and (once, IN_DELETE, b'two') not in told, told
            later = libc.inotify_add_watch(other, b'/', IN_CREATE)
            assert later not in (file, directory, once), 'numbers are not given twice'
            """);
  }

  @Test
  void unreadEventsAreNotLost() throws Exception {
    String script =
        WATCHES
            + """
            os.write(kept, b'x')
            ready()
            assert events() == [(file, IN_MODIFY, b'')]
            """;
    try (MovedProgram p = MovedProgram.start(directory, script)) {
      assertThatThrownBy(p::moveAround)
          .isInstanceOf(MoveRefusedException.class)
          .hasMessageContaining("has events that nobody has read yet");
      p.check();
    }
  }
}
