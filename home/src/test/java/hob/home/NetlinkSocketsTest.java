package hob.home;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sockets towards the kernel. */
class NetlinkSocketsTest {
  private static final String CALLS =
      """
      import socket
      ROUTE, UEVENT, SOL_NETLINK, GETLINK, DUMP = 0, 15, 270, 18, 0x301
      def ask(s):
        s.send(struct.pack('IHHIIBxHiII', 32, GETLINK, DUMP, 7, 0, 0, 0, 0, 0, 0))
      def links(s):
        names = set()
        while True:
          data, at = s.recv(1 << 16), 0
          while at < len(data):
            size, kind = struct.unpack_from('IH', data, at)
            if kind == 3: return names
            assert kind == 16, kind
            attribute = at + 32
            while attribute < at + size:
              length, which = struct.unpack_from('HH', data, attribute)
              if which == 3: names.add(data[attribute + 4:attribute + length - 1])
              attribute += (length + 3) & ~3
            at += (size + 3) & ~3
      """;

  @TempDir Path directory;

  @Test
  void portsGroupsAndOptionsStay() throws Exception {
    MovedProgram.survives(
        directory,
        CALLS
            + """
            s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, ROUTE)
            s.bind((0, 0x11))
            s.setsockopt(SOL_NETLINK, 1, 9)
            s.setsockopt(SOL_NETLINK, 11, 1)
            t = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, ROUTE)
            t.bind((0, 0))
            t.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100000)
            u = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, UEVENT)
            u.bind((4321, 1))
            fresh = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
            def view():
              def groups(x): return x.getsockopt(SOL_NETLINK, 9, 64)
              return [(x.getsockname(), x.type, x.proto, groups(x), x.getsockopt(SOL_NETLINK, 11),
                x.getsockopt(1, socket.SO_RCVBUF), x.getblocking()) for x in (s, t, u, fresh)]
            ask(t)
            assert b'lo' in links(t)
            before = view()
            assert before[0][0] == (os.getpid(), 0x111) and before[1][0][0] != os.getpid()
            ready()
            assert view() == before, (view(), before)
            ask(t)
            assert b'lo' in links(t)
            """);
  }

  @Test
  void answersThatNobodyHasReadPinTheirReader() throws Exception {
    String script =
        """
        s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, ROUTE)
        s.bind((0, 0))
        ask(s)
        ready()
        assert b'lo' in links(s)
        """;
    try (MovedProgram p = MovedProgram.start(directory, CALLS + script);
        Hosts hosts = new Hosts(directory.resolve("state"), "h1")) {
      assertThat(hosts.engine("h1").check(p.pid()))
          .anySatisfy(r -> {
            assertThat(r.kind()).isEqualTo("socket");
            assertThat(r.sentence()).contains("messages that nobody has read");
          });
      p.check();
    }
  }
}
