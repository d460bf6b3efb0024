package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files with names, signalfd(2), options of sockets, and what membarrier(2) was told. */
class OpenFilesTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void positionsFlagsAndSharingStay() throws Exception {
    survives(
        """
        open('f', 'w').write('0123456789')
        one = os.open('f', os.O_RDWR)
        two = os.dup2(one, 77, inheritable=False)
        apart = os.open('f', os.O_RDONLY | os.O_NOATIME)
        end = os.open('f', os.O_WRONLY | os.O_APPEND | os.O_DSYNC)
        only = os.open('f', os.O_PATH)
        folder = os.open('.', os.O_RDONLY | os.O_DIRECTORY)
        os.rename('f', 'g')
        os.lseek(one, 3, 0)
        os.lseek(apart, 5, 0)
        child = os.fork()
        if child == 0:
          while not os.path.exists('go'): time.sleep(0.01)
          os._exit(0 if os.read(one, 2) == b'34' else 1)
        def state(): return [(fcntl.fcntl(f, 1), fcntl.fcntl(f, 3)) for f in (one, two, apart, end, only, folder)]
        before = state()
        ready(busy=True)
        assert os.waitpid(child, 0)[1] == 0
        assert state() == before, (state(), before)
        assert os.read(two, 2) == b'56' and os.read(apart, 2) == b'56' and os.read(one, 1) == b'7'
        os.write(end, b'!')
        assert open('g').read() == '0123456789!' and os.fstat(only).st_size == 11
        assert 'g' in os.listdir(folder)
        """);
  }

  @Test
  void signalfdGivesWhatIsPending() throws Exception {
    survives(
        """
        import signal
        ONE, TWO = signal.SIGUSR1, 40
        signal.pthread_sigmask(signal.SIG_BLOCK, [ONE, TWO])
        libc.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
        def mask(*signals): return struct.pack('Q', sum(1 << (s - 1) for s in signals))
        both = libc.syscall(289, -1, mask(ONE, TWO), 8, os.O_NONBLOCK)
        two = libc.syscall(289, -1, mask(TWO), 8, os.O_NONBLOCK | os.O_CLOEXEC)
        assert libc.sigqueue(os.getpid(), TWO, 17) == 0 and libc.sigqueue(os.getpid(), TWO, 18) == 0
        os.kill(os.getpid(), ONE)
        ready()
        def take(fd):
          b = os.read(fd, 128)
          return struct.unpack_from('I', b)[0], struct.unpack_from('i', b, 44)[0]
        assert fcntl.fcntl(two, 1) == 1 and fcntl.fcntl(both, 1) == 0
        assert take(two) == (TWO, 17)
        assert take(both)[0] == ONE and take(both) == (TWO, 18)
        for fd in (both, two):
          try: os.read(fd, 128); raise AssertionError('more than was sent')
          except BlockingIOError: pass
        """);
  }

  @Test
  void optionsOfSocketsStay() throws Exception {
    survives(
        """
        from socket import *
        tcp = create_server(('127.0.0.1', 0))
        udp = socket(AF_INET, SOCK_DGRAM)
        six = socket(AF_INET6, SOCK_DGRAM)
        local, _ = socketpair(AF_UNIX, SOCK_STREAM)
        timeout, linger = struct.pack('qq', 3, 500000), struct.pack('ii', 1, 7)
        def number(n): return struct.pack('i', n)
        options = [
          (tcp, SOL_SOCKET, SO_KEEPALIVE, number(1)), (tcp, SOL_SOCKET, SO_REUSEPORT, number(1)),
          (tcp, SOL_SOCKET, SO_LINGER, linger), (tcp, SOL_SOCKET, SO_RCVTIMEO, timeout),
          (tcp, SOL_SOCKET, SO_PRIORITY, number(5)), (tcp, SOL_SOCKET, SO_RCVLOWAT, number(9)),
          (tcp, IPPROTO_TCP, TCP_NODELAY, number(1)), (tcp, IPPROTO_TCP, TCP_DEFER_ACCEPT, number(7)),
          (tcp, IPPROTO_TCP, TCP_KEEPIDLE, number(123)), (tcp, IPPROTO_TCP, TCP_KEEPCNT, number(4)),
          (tcp, IPPROTO_IP, IP_TOS, number(16)), (tcp, IPPROTO_IP, IP_TTL, number(33)),
          (udp, SOL_SOCKET, SO_BROADCAST, number(1)), (udp, SOL_SOCKET, SO_RCVBUF, number(100000)),
          (udp, SOL_SOCKET, 29, number(1)), (udp, IPPROTO_IP, 8, number(1)), (udp, IPPROTO_IP, 10, number(2)),
          (udp, IPPROTO_IP, IP_MULTICAST_TTL, number(6)), (udp, IPPROTO_IP, IP_MULTICAST_LOOP, number(0)),
          (six, IPPROTO_IPV6, IPV6_V6ONLY, number(1)), (six, IPPROTO_IPV6, IPV6_UNICAST_HOPS, number(44)),
          (six, IPPROTO_IPV6, IPV6_RECVPKTINFO, number(1)),
          (local, SOL_SOCKET, SO_PASSCRED, number(1)), (local, SOL_SOCKET, SO_SNDTIMEO, timeout)]
        for s, level, name, value in options: s.setsockopt(level, name, value)
        def state(): return [s.getsockopt(level, name, len(value)) for s, level, name, value in options]
        before = state()
        ready()
        after = state()
        assert before == after, [(o[1:], b, a) for o, b, a in zip(options, before, after) if b != a]
        """);
  }

  @Test
  void membarrierKnowsWhoRegistered() throws Exception {
    survives(
        """
        PRIVATE, REGISTER = 1 << 3, 1 << 4
        def barrier(command): return libc.syscall(324, command, 0, 0)
        child = os.fork()
        if child == 0:
          while not os.path.exists('go'): time.sleep(0.01)
          os._exit(0 if barrier(PRIVATE) == -1 and ctypes.get_errno() == 1 else 1)
        assert barrier(REGISTER) == 0 and barrier(PRIVATE) == 0
        ready()
        assert barrier(PRIVATE) == 0
        assert os.waitpid(child, 0)[1] == 0, 'who did not register may not use it'
        """);
  }
}
