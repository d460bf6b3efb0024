package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import hob.testbed.Completed;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Processes abroad use the network with the addresses of h1, their home. */
final class NetworkTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Says who asked, and what, by TCP and UDP, and both families. */
  private static final String SERVER =
      """
      import socket, sys, threading
      port = int(sys.argv[1])
      address = sys.argv[2]
      family = socket.AF_INET6 if ':' in address else socket.AF_INET
      def tcp():
        s = socket.socket(family)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, port))
        s.listen()
        while True:
          c, a = s.accept()
          c.sendall((c.recv(100).decode() + ' from ' + a[0]).encode())
          c.close()
      threading.Thread(target=tcp, daemon=True).start()
      s = socket.socket(family, socket.SOCK_DGRAM)
      s.bind((address, port))
      while True:
        d, a = s.recvfrom(100)
        s.sendto((d.decode() + ' from ' + a[0]).encode(), a)
      """;

  /** Defines {@code talk(kind, host, port)}. */
  private static final String CLIENT =
      """
      import socket
      def talk(kind, host, port):
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        s = socket.socket(family, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
        s.settimeout(10)
        s.connect((host, port))
        s.send(kind.encode())
        return s.recv(100).decode()
      """;

  @RegisterExtension
  private static final BedOfClass BED = new BedOfClass(() -> Bed.separate("net-test"));

  private @Nullable Agent started;

  private static Bed bed() {
    return BED.bed();
  }

  @BeforeAll
  static void addresses() {
    for (String host : List.of("h1", "h2", "h3")) {
      succeed(host, "ip", "-6", "addr", "add", wide(host) + "/64", "dev", "eth0", "nodad");
    }
    for (String host : List.of("h1", "h3")) {
      serve(host, 7100, "0.0.0.0");
      serve(host, 7101, "::");
    }
    serve("h2", 7102, "127.0.0.1");
    serve("h1", 7103, "127.0.0.1");
  }

  private static void serve(String host, int port, String address) {
    bed().start(host, Path.of("/dev/null"), "python3", "-c", SERVER, String.valueOf(port), address);
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> succeed(host, "ss", "-Htln").contains(":" + port + " "));
  }

  private static String succeed(String host, String... command) {
    Completed done = bed().host(host).run(command);
    assertThat(done.status()).as(done.error()).isZero();
    return done.output();
  }

  private static String wide(String host) {
    return "fd00:77::" + host.substring(1);
  }

  private static String address(String host, int family) {
    return family == 6 ? wide(host) : bed().host(host).address();
  }

  @BeforeEach
  void start(TestInfo info) {
    started = Agent.start(bed(), "n" + Math.floorMod(info.getDisplayName().hashCode(), 1_000_000));
    agent().ask("!exec('''" + CLIENT + "''', globals())");
  }

  @AfterEach
  void end() {
    agent().end();
  }

  private Agent agent() {
    return Objects.requireNonNull(started);
  }

  private String ask(String kind, String host, int port) {
    return agent().ask("talk('%s', '%s', %d)".formatted(kind, host, port));
  }

  private static String askFrom(String host, String kind, String to, int port) {
    return succeed(
            host, "python3", "-c", CLIENT + "print(talk('%s', '%s', %d))".formatted(kind, to, port))
        .strip();
  }

  @ParameterizedTest
  @CsvSource({"tcp, 4", "tcp, 6", "udp, 4", "udp, 6"})
  void clientAbroadReachesOtherHostsAndItsHome(String kind, int family) {
    agent().go("h2");
    String own = address("h1", family);
    String loopback = family == 6 ? "::1" : "127.0.0.1";
    int port = family == 6 ? 7101 : 7100;
    for (int i = 0; i < 3; i++) {
      assertThat(ask(kind, address("h3", family), port)).isEqualTo(kind + " from " + own);
      assertThat(ask(kind, loopback, port)).isEqualTo(kind + " from " + loopback);
      assertThat(ask(kind, own, port)).isEqualTo(kind + " from " + own);
    }
    assertThat(ask(kind, loopback, 7109)).contains("refused");
    assertThat(ask(kind, "127.0.0.1", 7103)).isEqualTo(kind + " from 127.0.0.1");
  }

  @ParameterizedTest
  @CsvSource({"4", "6"})
  void serverAbroadIsReachedAtItsHomesAddress(int family) {
    agent().go("h2");
    String any = family == 6 ? "::" : "0.0.0.0";
    String loopback = family == 6 ? "::1" : "127.0.0.1";
    int port = 7200 + family;
    agent()
        .ask(
            "!import threading; sys.argv = ['', '%d', '%s']; threading.Thread(target=exec, args=('''%s''', {}), daemon=True).start()"
                .formatted(port, any, SERVER));
    // Its own see it first; then nobody at home can have the port any more.
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> ask("tcp", loopback, port), a -> a.contains("from"));
    for (String kind : List.of("tcp", "udp")) {
      for (String host : List.of("h1", "h3")) {
        assertThat(askFrom(host, kind, address("h1", family), port))
            .isEqualTo(kind + " from " + address(host, family));
      }
      assertThat(askFrom("h1", kind, loopback, port)).isEqualTo(kind + " from " + loopback);
    }
    Completed taken =
        bed()
            .host("h1")
            .run("python3", "-c", "import socket; socket.socket().bind(('', %d))".formatted(port));
    assertThat(taken.error()).contains("Address already in use");
  }

  @Test
  void nothingOfTheForeignHostCanBeReached() {
    agent().go("h2");
    assertThat(ask("tcp", "127.0.0.1", 7102)).contains("refused");
    assertThat(ask("udp", "127.0.0.1", 7102)).contains("refused");
    assertThat(agent().ask("sorted(n for _, n in socket.if_nameindex())"))
        .isEqualTo("['hob0', 'lo']");
  }

  @Test
  void portsOfTheHomeAreNobodysAbroad() {
    agent().go("h2");
    agent().ask("!u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('', 7100))");
    agent().ask("!u.settimeout(1); u.connect(('%s', 7100))".formatted(address("h3", 4)));
    assertThat(agent().ask("u.send(b'x'), u.recv(100)")).contains("refused");
  }

  @Test
  void nothingIsLeftBehind() {
    List<String> before = List.of(devices("h1"), devices("h2"));
    String ports = daemonsPorts();
    agent().go("h2");
    assertThat(ask("tcp", address("h3", 4), 7100)).startsWith("tcp from");
    assertThat(ask("udp", address("h3", 4), 7100)).startsWith("udp from");
    assertThat(devices("h1")).contains("hob");
    assertThat(devices("h2")).isEqualTo(before.getLast());
    assertThat(daemonsPorts()).isNotEqualTo(ports);
    agent().end();
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> List.of(devices("h1"), devices("h2")).equals(before));
    assertThat(daemonsPorts()).isEqualTo(ports);
  }

  @Test
  void killedDaemonOfTheHomeLeavesNothingBehindAndTheNextOneGoesOn() {
    agent().go("h2");
    assertThat(ask("tcp", address("h3", 4), 7100)).startsWith("tcp from");
    bed().host("h1").killDaemonAndHold();
    assertThat(devices("h1")).doesNotContain("hob");
    bed().host("h1").startDaemon();
    bed().awaitPeers();
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> askFrom("h1", "tcp", "127.0.0.1", 7100), a -> a.startsWith("tcp from"));
  }

  private static String devices(String host) {
    return succeed(host, "ip", "-br", "link").replaceAll("(?m) +.*$", "");
  }

  /** Ports that the daemon of the home keeps others from. */
  private static String daemonsPorts() {
    return succeed("h1", "ss", "-Htuanp")
        .lines()
        .filter(line -> line.contains("java") && line.startsWith("udp"))
        .toList()
        .toString();
  }
}
