package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hob.cli.DaemonException;
import hob.testbed.Completed;
import hob.wire.proto.FaultArmRequest;
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

/** TCP connections with processes that do not move outlive moves of those that do; h1 is home. */
final class ConnectionsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Sends back what it gets. */
  private static final String ECHO =
      """
      import socket, sys, threading
      s = socket.socket(socket.AF_INET6)
      s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
      s.bind(('::', int(sys.argv[1])))
      s.listen()
      def echo(c):
        while d := c.recv(65536):
          c.sendall(d)
        c.close()
      while True:
        threading.Thread(target=echo, args=(s.accept()[0],), daemon=True).start()
      """;

  /**
   * Sends blocks that are all different, and wants them back; {@code rounds} counts, {@code
   * trouble} is what went wrong.
   */
  private static final String TALKER =
      """
      import hashlib, socket, sys, threading, time
      rounds = 0
      trouble = None
      def talker(host, port):
        global rounds, trouble
        try:
          s = socket.create_connection((host, port))
          s.settimeout(20)
          while True:
            block = hashlib.sha256(str(rounds).encode()).digest() * 8000
            back = threading.Thread(target=s.sendall, args=(block,))
            back.start()
            got = b''
            while len(got) < len(block):
              d = s.recv(len(block) - len(got))
              if not d:
                raise EOFError()
              got += d
            back.join()
            if got != block:
              raise ValueError('block %d' % rounds)
            rounds += 1
            time.sleep(0.01)
        except Exception as e:
          trouble = repr(e)
      """;

  @RegisterExtension
  private static final BedOfClass BED = new BedOfClass(() -> Bed.separate("net-conn"));

  private @Nullable Agent started;

  private static Bed bed() {
    return BED.bed();
  }

  @BeforeAll
  static void servers() {
    for (String host : List.of("h1", "h2", "h3")) {
      succeed(host, "ip", "-6", "addr", "add", wide(host) + "/64", "dev", "eth0", "nodad");
    }
    for (String host : List.of("h1", "h3")) {
      bed().start(host, Path.of("/dev/null"), "python3", "-c", ECHO, "7300");
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> succeed(host, "ss", "-Htln").contains(":7300 "));
    }
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
    started = Agent.start(bed(), "c" + Math.floorMod(info.getDisplayName().hashCode(), 1_000_000));
    agent().ask("!import threading");
  }

  @AfterEach
  void end() {
    agent().end();
  }

  private Agent agent() {
    return Objects.requireNonNull(started);
  }

  private void talkTo(String host) {
    agent().ask("!exec('''" + TALKER + "''', globals())");
    agent()
        .ask(
            "!threading.Thread(target=talker, args=('%s', 7300), daemon=True).start()"
                .formatted(host));
    talks();
  }

  private void talks() {
    int before = Integer.parseInt(agent().ask("rounds"));
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() ->
            !agent().ask("trouble").equals("None")
                || Integer.parseInt(agent().ask("rounds")) > before + 3);
    assertThat(agent().ask("trouble")).isEqualTo("None");
  }

  @ParameterizedTest
  @CsvSource({"h3, 4", "h3, 6", "h1, 4", "h1, 6"})
  void connectionOutlivesMovesInTheMiddleOfATransfer(String peer, int family) {
    String loopback = family == 6 ? "::1" : "127.0.0.1";
    talkTo(peer.equals("h1") ? loopback : address(peer, family));
    for (String host : List.of("h2", "h3", "home", "h2", "home")) {
      agent().go(host);
      talks();
    }
  }

  @Test
  void connectionGoesOnWhenAMoveFails() {
    talkTo(address("h3", 4));
    for (String next : List.of("h2", "home")) {
      bed().arm("h3", "target.prepared", FaultArmRequest.Action.ERROR, 0);
      assertThatThrownBy(() -> agent().migrate("h3")).isInstanceOf(DaemonException.class);
      bed().disarm("h3");
      talks();
      agent().go(next);
      talks();
    }
  }

  @Test
  void serverKeepsTheConnectionsThatItHasAccepted() {
    agent().ask("!l = socket.socket(); l.bind(('', 7400)); l.listen()");
    bed()
        .start(
            "h3",
            Path.of("/tmp/talk"),
            "python3",
            "-c",
            TALKER + "talker('%s', 7400)\nprint(rounds, trouble)".formatted(address("h1", 4)));
    agent().ask("!c = l.accept()[0]; c.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)");
    agent().ask("!exec('def echo():\\n  while d := c.recv(65536): c.sendall(d)', globals())");
    agent().ask("!threading.Thread(target=echo, daemon=True).start()");
    for (String host : List.of("h2", "h3", "home", "h2")) {
      agent().go(host);
      assertThat(agent().ask("c.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)"))
          .isEqualTo("1");
      assertThat(agent().ask("c.getpeername()[0]")).isEqualTo(address("h3", 4));
      assertThat(succeed("h3", "cat", "/tmp/talk")).isEmpty();
    }
    agent().ask("!c.shutdown(socket.SHUT_RDWR)");
    Awaitility.await().atMost(PATIENCE).until(() -> !succeed("h3", "cat", "/tmp/talk").isEmpty());
    assertThat(succeed("h3", "cat", "/tmp/talk")).contains("EOFError");
  }

  /** What a process has sent arrives though it ends at once, and its sandbox with it. */
  @Test
  void lastWordsArriveWhenTheProcessHasEnded() {
    bed()
        .start(
            "h3",
            Path.of("/tmp/heard"),
            "python3",
            "-c",
            """
            import socket, time
            l = socket.socket(); l.bind(('', 7500)); l.listen()
            c = l.accept()[0]
            time.sleep(1)
            n = 0
            while d := c.recv(65536): n += len(d)
            print(n)
            """);
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> succeed("h3", "ss", "-Htln").contains(":7500 "));
    agent().go("h2");
    agent().ask("!s = socket.create_connection(('%s', 7500))".formatted(address("h3", 4)));
    agent().tell("!s.sendall(bytes(1000000)); s.close(); os._exit(0)");
    assertThat(agent().status()).isZero();
    Awaitility.await().atMost(PATIENCE).until(() -> !succeed("h3", "cat", "/tmp/heard").isEmpty());
    assertThat(succeed("h3", "cat", "/tmp/heard").strip()).isEqualTo("1000000");
  }
}
