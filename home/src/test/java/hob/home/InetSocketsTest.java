package hob.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Internet sockets whose other ends are in the tree. */
class InetSocketsTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void connectionKeepsWhatIsOnItsWay() throws Exception {
    survives(
        """
        import socket
        s = socket.create_server(('127.0.0.1', 0))
        a = socket.create_connection(s.getsockname())
        b, _ = s.accept()
        names = (a.getsockname(), a.getpeername())
        sent = bytes(range(256)) * 4096
        a.setblocking(False)
        n = a.send(sent)
        a.shutdown(socket.SHUT_WR)
        ready()
        assert (a.getsockname(), a.getpeername()) == names
        got = b''
        while len(got) < n: got += b.recv(1 << 20)
        assert got == sent[:n]
        assert b.recv(1) == b''
        b.send(b'back')
        a.setblocking(True)
        assert a.recv(10) == b'back'
        c = socket.create_connection(s.getsockname())
        s.accept()
        """);
  }

  @Test
  void bytesUnderWayInBothDirectionsArriveOnce() throws Exception {
    survives(
        """
        import socket, threading
        def talk(c, seed):
          c.setblocking(False)
          stop, wrote, read = [False], 0, 0
          def pattern(at, size):
            start = at - at % 4
            numbers = range(start // 4, (at + size) // 4 + 2)
            return struct.pack('%dI' % len(numbers), *numbers)[at - start:][:size]
          shut = False
          while True:
            if os.path.exists('go') and not shut:
              c.shutdown(socket.SHUT_WR)
              shut = True
            if not shut:
              try: wrote += c.send(pattern(wrote, 30000))
              except BlockingIOError: pass
            try:
              got = c.recv(7001)
              if got != pattern(read, len(got)): return 'at %d' % read
              read += len(got)
              if not got and shut: return (wrote, read)
            except BlockingIOError: pass
            time.sleep(0.001)
        s = socket.create_server(('::1', 0), family=socket.AF_INET6)
        a = socket.create_connection(s.getsockname()[:2])
        b, _ = s.accept()
        for c in (a, b): c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20000)
        r, w = os.pipe()
        child = os.fork()
        if child == 0:
          a.close()
          os.write(w, repr(talk(b, 1)).encode())
          os._exit(0)
        b.close()
        result = []
        t = threading.Thread(target=lambda: result.append(talk(a, 2)))
        t.start()
        ready(busy=True)
        t.join()
        wrote, read = result[0]
        assert eval(os.read(r, 1000)) == (read, wrote) and read > 0
        """);
  }

  @Test
  void mappedAddressesAndClosedEnds() throws Exception {
    survives(
        """
        import socket
        s = socket.create_server(('::', 0), family=socket.AF_INET6, dualstack_ipv6=True)
        port = s.getsockname()[1]
        a = socket.create_connection(('127.0.0.1', port))
        b, _ = s.accept()
        c = socket.create_connection(('::1', port))
        d, _ = s.accept()
        c.send(b'last words')
        c.close()
        ready()
        a.send(b'mapped')
        assert b.recv(10) == b'mapped' and b.getpeername()[0] == '::ffff:127.0.0.1'
        assert d.recv(100) == b'last words' and d.recv(1) == b''
        """);
  }

  @Test
  void datagramsInQueuesMove() throws Exception {
    survives(
        """
        import socket
        a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        a.bind(('127.0.0.1', 0))
        b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        b.connect(a.getsockname())
        b.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 33)
        b.send(b'queued')
        ready()
        data, sender = a.recvfrom(100)
        assert data == b'queued' and sender == b.getsockname()
        b.send(b'more')
        assert a.recv(10) == b'more'
        assert b.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == 33
        """);
  }

  @Test
  void endsThatWereClosedAtHomeAreNotInTheWayOfComingHome() throws Exception {
    survives(
        """
        import socket
        s = socket.create_server(('127.0.0.1', 0))
        def pair():
          a = socket.create_connection(s.getsockname())
          return a, s.accept()[0]
        # Without time stamps the kernel gives an address in TIME_WAIT to nobody.
        def plain():
          all = []
          for n in range(2):
            c = socket.socket()
            c.setsockopt(socket.SOL_TCP, 19, 1)
            for queue in (1, 2):
              c.setsockopt(socket.SOL_TCP, 20, queue)
              c.setsockopt(socket.SOL_TCP, 21, 100000)
            c.setsockopt(socket.SOL_TCP, 20, 0)
            c.bind(('127.0.0.1', 0))
            all.append(c)
          a, b = all
          a.connect(b.getsockname())
          b.connect(a.getsockname())
          for c in all: c.setsockopt(socket.SOL_TCP, 19, 0)
          return a, b
        a, b = pair()
        b.close()
        c, d = pair()
        d.close()
        c.shutdown(socket.SHUT_WR)
        e, f = plain()
        f.close()
        g, h = pair()
        g.shutdown(socket.SHUT_WR)
        h.shutdown(socket.SHUT_WR)
        ready()
        assert a.recv(1) == b''
        a.send(b'x')
        assert c.recv(1) == b''
        assert e.recv(1) == b''
        assert g.recv(1) == b'' and h.recv(1) == b''
        """);
  }

  @Test
  void clientThatWaitsKeepsAPortOfItsEarlierConnections() throws Exception {
    survives(
        """
        import socket
        s = socket.create_server(('127.0.0.1', 0))
        other = socket.create_server(('127.0.0.1', 0))
        a = socket.create_connection(other.getsockname())
        b, _ = other.accept()
        port = a.getsockname()
        a.close()
        b.close()
        c = socket.socket()
        c.setsockopt(socket.SOL_TCP, 19, 1)
        c.bind(port)
        c.setsockopt(socket.SOL_TCP, 19, 0)
        c.connect(s.getsockname())
        ready()
        d, peer = s.accept()
        assert peer == port == c.getsockname()
        """);
  }

  @Test
  void dataOfAnEndThatIsClosedIsNotLost() throws Exception {
    String script =
        """
        import socket
        s = socket.create_server(('127.0.0.1', 0))
        a = socket.socket()
        a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4000)
        a.connect(s.getsockname())
        b, _ = s.accept()
        b.setblocking(False)
        n = b.send(b'x' * 1000000)
        b.close()
        ready()
        got = b''
        while True:
          part = a.recv(1 << 20)
          if not part: break
          got += part
        assert len(got) == n
        """;
    try (MovedProgram p = MovedProgram.start(directory, script)) {
      try (MovedProgram.Trip trip = p.trip()) {
        assertThatThrownBy(() -> trip.to("h2"))
            .hasMessageContaining("data that is still to arrive");
      }
      p.check();
    }
  }

  /** In this namespace, which is the home's. */
  private static void waitsFor(Path file) {
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> Files.exists(file));
  }

  @Test
  void whoPickedAPortAbroadThatIsTakenAtHomeStaysThere() throws Exception {
    try (MovedProgram p =
            MovedProgram.start(
                directory,
                """
                import socket
                with open('ready.new', 'w') as f: f.write(str(os.getpid()))
                os.rename('ready.new', 'ready')
                asked('bind')
                s = socket.create_server(('127.0.0.1', 0))
                u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                u.bind(('127.0.0.1', 0))
                with open('ports.new', 'w') as f: f.write('%d %d' % (s.getsockname()[1], u.getsockname()[1]))
                os.rename('ports.new', 'ports')
                done('bind')
                asked('connect')
                c = socket.create_connection(s.getsockname())
                b, _ = s.accept()
                done('connect')
                while not os.path.exists('go'): time.sleep(0.01)
                c.send(b'hello')
                assert b.recv(9) == b'hello'
                with open('ports') as f: ports = [int(n) for n in f.read().split()]
                assert ports == [s.getsockname()[1], u.getsockname()[1]]
                """);
        MovedProgram.Trip trip = p.trip()) {
      trip.to("h2");
      trip.does("bind");
      waitsFor(directory.resolve("ports"));
      String[] ports = Files.readString(directory.resolve("ports")).split(" ");
      InetAddress here = InetAddress.getLoopbackAddress();
      try (ServerSocket taken = new ServerSocket(Integer.parseInt(ports[0]), 1, here)) {
        assertThat(taken.isBound()).isTrue();
        assertThatThrownBy(() -> trip.to("h1"))
            .hasMessageContaining("another program has TCP port " + ports[0] + " on the target");
      }
      trip.does("connect");
      try (DatagramSocket taken = new DatagramSocket(Integer.parseInt(ports[1]), here)) {
        assertThat(taken.isBound()).isTrue();
        assertThatThrownBy(() -> trip.to("h1"))
            .hasMessageContaining("another program has UDP port " + ports[1] + " on the target");
        trip.to("h3");
      }
      trip.to("h1");
      p.check();
    }
  }
}
