package hob.home;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Eventfd, timerfd, epoll, pidfd: through the program's own eyes. */
class EventFilesTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void countersKeepTheirCounts() throws Exception {
    survives(
        """
        plain = os.eventfd(7, os.EFD_NONBLOCK)
        semaphore = os.eventfd(3, os.EFD_SEMAPHORE | os.EFD_NONBLOCK)
        ready()
        assert os.eventfd_read(plain) == 7
        assert [os.eventfd_read(semaphore) for i in range(3)] == [1, 1, 1]
        try:
          os.eventfd_read(semaphore)
          raise AssertionError('a fourth')
        except BlockingIOError: pass
        """);
  }

  @Test
  void timersKeepWhatIsLeft() throws Exception {
    survives(
        """
        def timer(clock, first, interval):
          fd = libc.timerfd_create(clock, os.O_NONBLOCK)
          spec = struct.pack('4q', interval, 0, int(first), int(first % 1 * 1e9))
          assert libc.timerfd_settime(fd, 0, spec, None) == 0
          return fd
        def left(fd):
          spec = ctypes.create_string_buffer(32)
          assert libc.timerfd_gettime(fd, spec) == 0
          return struct.unpack('4q', spec.raw)
        far = timer(time.CLOCK_MONOTONIC, 1000, 5)
        due = timer(time.CLOCK_REALTIME, 0.001, 0)
        off = timer(time.CLOCK_BOOTTIME, 0, 0)
        time.sleep(0.05)
        ready()
        assert left(far)[0] == 5 and 900 < left(far)[2] <= 1000, left(far)
        assert int.from_bytes(os.read(due, 8), 'little') == 1
        assert left(off) == (0, 0, 0, 0)
        """);
  }

  @Test
  void epollKeepsMembersWhoseNumbersAreOthersNow() throws Exception {
    survives(
        """
        import select
        r, w = os.pipe()
        set = select.epoll()
        set.register(r, select.EPOLLIN)
        elsewhere = os.dup(r)
        os.close(r)
        null = os.open('/dev/null', os.O_RDONLY)
        assert null == r
        os.write(w, b'x')
        ready()
        assert set.poll(0) == [(r, select.EPOLLIN)]
        assert os.read(elsewhere, 1) == b'x'
        assert set.poll(0) == []
        assert os.read(null, 1) == b''
        """);
  }

  @Test
  void pidfdsLeadToTheSameProcesses() throws Exception {
    survives(
        """
        import signal
        child = os.fork()
        if child == 0: time.sleep(100)
        fd = os.pidfd_open(child)
        gone = os.fork()
        if gone == 0: os._exit(3)
        dead = os.pidfd_open(gone)
        os.waitpid(gone, 0)
        own = os.pidfd_open(os.getpid())
        ready()
        signal.pidfd_send_signal(fd, signal.SIGKILL)
        assert os.waitpid(child, 0) == (child, 9)
        try:
          signal.pidfd_send_signal(dead, 0)
          raise AssertionError('alive')
        except ProcessLookupError: pass
        signal.pidfd_send_signal(own, 0)
        """);
  }

  @Test
  void pidfdOfAProcessThatStaysIsRefused() throws Exception {
    String script =
        """
        fd = os.pidfd_open(os.getppid())
        ready()
        """;
    try (MovedProgram p = MovedProgram.start(directory, script)) {
      assertThatThrownBy(p::moveAround)
          .isInstanceOf(MoveRefusedException.class)
          .hasMessageContaining("which stays");
      p.check();
    }
  }
}
