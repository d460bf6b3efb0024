package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Unix sockets: names, queues, what is on its way in them. */
class UnixSocketsTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void queuesAndPassedDescriptorsMove() throws Exception {
    survives(
        """
        import socket, array
        a, b = socket.socketpair()
        r, w = os.pipe()
        os.write(w, b'inside')
        socket.send_fds(a, [b'first'], [r])
        os.close(r)
        a.send(b'second')
        a.shutdown(socket.SHUT_WR)
        ready()
        data, fds, flags, address = socket.recv_fds(b, 100, 4)
        assert data == b'first' and os.read(fds[0], 100) == b'inside'
        assert b.recv(100) == b'second'
        assert b.recv(100) == b''
        b.send(b'back')
        assert a.recv(100) == b'back'
        """);
  }

  @Test
  void datagramsKeepBoundsAndSenders() throws Exception {
    survives(
        """
        import socket
        a = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        a.bind('name')
        b = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        b.bind('\\0hob-test-%d' % os.getpid())
        b.sendto(b'one', 'name')
        b.sendto(b'', 'name')
        b.sendto(b'three', 'name')
        ready()
        got = [a.recvfrom(100) for i in range(3)]
        assert [g[0] for g in got] == [b'one', b'', b'three']
        assert got[0][1] == b.getsockname()
        b.sendto(b'four', 'name')
        assert a.recv(100) == b'four'
        """);
  }

  @Test
  void listenersKeepTheirClients() throws Exception {
    survives(
        """
        import socket
        s = socket.socket(socket.AF_UNIX)
        s.bind('listener')
        s.listen(5)
        early = socket.socket(socket.AF_UNIX)
        early.connect('listener')
        server, _ = s.accept()
        waits = socket.socket(socket.AF_UNIX)
        waits.connect('listener')
        ready()
        assert server.getsockname() == early.getpeername() == 'listener'
        early.send(b'e')
        assert server.recv(10) == b'e'
        later, _ = s.accept()
        waits.send(b'w')
        assert later.recv(10) == b'w'
        new = socket.socket(socket.AF_UNIX)
        new.connect('listener')
        s.accept()
        """);
  }

  @Test
  void whoMadeAPairIsStillKnown() throws Exception {
    MovedProgram.survives(
        directory,
        """
        import socket
        def peer(s): return struct.unpack('3i', s.getsockopt(socket.SOL_SOCKET, 17, 12))
        pairs = [socket.socketpair(type=t) for t in
            (socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM)]
        mine, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
          os.setresgid(12, 1234, 0)
          os.setresuid(0, 4321, 0)
          a, b = socket.socketpair()
          os.setresuid(0, 0, 0)
          socket.send_fds(theirs, [b'x'], [a.fileno(), b.fileno()])
          while not os.path.exists('go'): time.sleep(0.01)
          os._exit(0 if peer(a) == peer(b) == (os.getpid(), 4321, 1234) else 1)
        fds = socket.recv_fds(mine, 1, 2)[1]
        a, b = (socket.socket(fileno=fd) for fd in fds)
        before = [peer(s) for p in pairs for s in p] + [peer(a), peer(b)]
        assert before[:2] == [(os.getpid(), 0, 0)] * 2 and before[-1] == (child, 4321, 1234), before
        a.send(b'there')
        pairs[0][1].send(b'here')
        ready()
        now = [peer(s) for p in pairs for s in p] + [peer(a), peer(b)]
        assert now == before, (before, now)
        assert b.recv(9) == b'there' and pairs[0][0].recv(9) == b'here'
        assert os.waitpid(child, 0)[1] == 0
        """);
  }
}
