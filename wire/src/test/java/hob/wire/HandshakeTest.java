package hob.wire;

import static hob.wire.TestHosts.SOON;
import static hob.wire.TestHosts.anyPort;
import static hob.wire.TestHosts.plain;
import static hob.wire.TestHosts.text;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.StringValue;
import hob.wire.TestHosts.Recorder;
import hob.wire.peer.WireException;
import hob.wire.tls.CertificateAuthority;
import hob.wire.tls.Identity;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HandshakeTest {
  private final Recorder recorder = new Recorder();
  private final CompletableFuture<String> turnedAway = new CompletableFuture<>();
  private final Logger logger = Logger.getLogger(Endpoint.class.getName());
  private final Handler log =
      new Handler() {
        @Override
        public void publish(LogRecord message) {
          turnedAway.complete(String.valueOf(message.getParameters()[0]));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private TestHosts hosts;

  @BeforeEach
  void open() throws Exception {
    hosts = new TestHosts();
    logger.addHandler(log);
  }

  @AfterEach
  void close() {
    logger.removeHandler(log);
    hosts.close();
  }

  private SocketAddress listen(Endpoint.Builder host) throws Exception {
    return hosts.open(host).listen(anyPort(), _ -> recorder).address();
  }

  private Connection connect(Endpoint.Builder from, SocketAddress to, String name)
      throws Exception {
    return hosts.open(from).connect(to, name, recorder);
  }

  @Test
  void certificateOfAnotherAuthorityIsRefusedAndBothSidesSayWhy() throws Exception {
    SocketAddress h2 = listen(hosts.secure("h2"));
    Identity foreign = CertificateAuthority.create().issue("h1");
    assertThatThrownBy(() -> connect(plain("h1").identity(foreign), h2, "h2"))
        .isInstanceOf(WireException.Untrusted.class)
        .hasMessageContaining("its certificate is not of this cluster's authority");
    assertThat(turnedAway.get(5, SECONDS)).contains("no trust between this host and");
  }

  @Test
  void callerWithACertificateOfAnotherAuthorityIsRefusedByTheServer() throws Exception {
    // The caller trusts the cluster, but its own certificate is home-made.
    SocketAddress h2 = listen(hosts.secure("h2"));
    Identity own = CertificateAuthority.create().issue("h1");
    Identity mixed =
        new Identity("h1", own.key(), own.certificate(), hosts.authority.issue("h1").authority());
    assertThatThrownBy(() -> connect(plain("h1").identity(mixed), h2, "h2"))
        .isInstanceOf(WireException.Untrusted.class)
        .hasMessageContaining("does not accept this host's certificate");
    assertThat(turnedAway.get(5, SECONDS))
        .contains("its certificate is not of this cluster's authority");
  }

  @Test
  void expiredCertificateIsRefused() throws Exception {
    SocketAddress h2 = listen(hosts.secure("h2"));
    Identity old = hosts.authority.issue("h1", Instant.now().minusSeconds(60));
    assertThatThrownBy(() -> connect(plain("h1").identity(old), h2, "h2"))
        .isInstanceOf(WireException.Untrusted.class);
    assertThat(turnedAway.get(5, SECONDS)).contains("has expired").contains("issue a new one");
  }

  @Test
  void expiredCertificateOfTheServerIsRefused() throws Exception {
    SocketAddress h2 =
        listen(plain("h2").identity(hosts.authority.issue("h2", Instant.now().minusSeconds(60))));
    assertThatThrownBy(() -> connect(hosts.secure("h1"), h2, "h2"))
        .isInstanceOf(WireException.Untrusted.class)
        .hasMessageContaining("has expired");
  }

  @Test
  void callerWithoutTlsIsRefused() throws Exception {
    SocketAddress h2 = listen(hosts.secure("h2"));
    assertThatThrownBy(() -> connect(plain("h1"), h2, "h2")).isInstanceOf(WireException.class);
    assertThat(turnedAway.get(5, SECONDS)).contains("does not speak TLS");
  }

  @Test
  void serverWithoutTlsIsRefused() throws Exception {
    SocketAddress h2 = listen(plain("h2"));
    assertThatThrownBy(() -> connect(hosts.secure("h1"), h2, "h2"))
        .isInstanceOf(WireException.Untrusted.class)
        .hasMessageContaining("does not speak TLS");
  }

  @Test
  void hostThatAnswersForAnotherIsRefused() throws Exception {
    SocketAddress h3 = listen(hosts.secure("h3"));
    assertThatThrownBy(() -> connect(hosts.secure("h1"), h3, "h2"))
        .isInstanceOf(WireException.WrongHost.class)
        .hasMessageContaining("is host h3, not h2");
    assertThat(turnedAway.get(5, SECONDS)).contains("refused by h1").contains("is host h3");
  }

  @Test
  void nameComesFromTheCertificateNotFromWhatThePeerSays() throws Exception {
    SocketAddress h2 = listen(hosts.secure("h2"));
    Identity other = hosts.authority.issue("h3");
    assertThatIllegalArgumentException().isThrownBy(() -> plain("h1").identity(other));
    Identity disguised = new Identity("h1", other.key(), other.certificate(), other.authority());
    assertThatThrownBy(() -> connect(plain("h1").identity(disguised), h2, "h2"))
        .isInstanceOf(WireException.Refused.class)
        .hasMessageContaining("it says it is h1, but has the certificate of h3");
    assertThat(turnedAway.get(5, SECONDS)).contains("it says it is h1");
  }

  @Test
  void otherVersionIsRefusedAndBothSidesSayWhy() throws Exception {
    SocketAddress h2 = listen(hosts.secure("h2"));
    assertThatThrownBy(() -> connect(hosts.secure("h1").version(99), h2, "h2"))
        .isInstanceOf(WireException.VersionMismatch.class)
        .hasMessageContaining("speaks protocol 1, this host 99; install the same version");
    assertThat(turnedAway.get(5, SECONDS)).contains("speaks protocol 99, this host 1");
  }

  @Test
  void acceptorTurnsAwayWithAReason() throws Exception {
    SocketAddress h2 =
        hosts
            .open(hosts.secure("h2"))
            .listen(
                anyPort(),
                peer -> {
                  throw new WireException.Refused(peer.name() + " is not in hosts.allow");
                })
            .address();
    assertThatThrownBy(() -> connect(hosts.secure("h1"), h2, "h2"))
        .isInstanceOf(WireException.Refused.class)
        .hasMessage("refused by h2: h1 is not in hosts.allow");
    assertThat(turnedAway.get(5, SECONDS)).isEqualTo("h1 is not in hosts.allow");
  }

  @Test
  void nobodyListening() throws Exception {
    SocketAddress nobody;
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      nobody = server.bind(anyPort()).getLocalAddress();
    }
    assertThatThrownBy(() -> connect(hosts.secure("h1"), nobody, "h2"))
        .isInstanceOf(WireException.Unreachable.class)
        .hasMessageContaining("is hobd running there?");
  }

  @Test
  void silentServerIsGivenUpInTime() throws Exception {
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      SocketAddress mute = server.bind(anyPort()).getLocalAddress();
      Endpoint.Builder h1 = hosts.secure("h1").handshakeTimeout(Duration.ofMillis(200));
      assertThatThrownBy(() -> connect(h1, mute, "h2"))
          .isInstanceOf(WireException.Unreachable.class)
          .hasMessageContaining("no proper answer within 200 ms");
    }
  }

  @Test
  void silentCallerIsGivenUpInTime() throws Exception {
    SocketAddress h2 = listen(hosts.secure("h2").handshakeTimeout(Duration.ofMillis(200)));
    try (SocketChannel caller = SocketChannel.open(h2)) {
      assertThat(caller.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
    assertThat(turnedAway.get(5, SECONDS)).contains("no proper answer within 200 ms");
  }

  @Test
  void garbageIsTurnedAwayAndOthersAreServed() throws Exception {
    SocketAddress secure = listen(hosts.secure("h2"));
    SocketAddress open = listen(plain("h3"));
    Random random = new Random(1);
    for (int i = 0; i < 50; i++) {
      byte[] garbage = new byte[1 + random.nextInt(5_000)];
      random.nextBytes(garbage);
      for (SocketAddress address : new SocketAddress[] {secure, open}) {
        try (SocketChannel caller = SocketChannel.open(address)) {
          caller.write(ByteBuffer.wrap(garbage));
        }
      }
    }
    assertThat(connect(hosts.secure("h1"), secure, "h2").call(text("x"), StringValue.class, SOON))
        .isEqualTo(text("x"));
    assertThat(connect(plain("h1"), open, "h3").call(text("x"), StringValue.class, SOON))
        .isEqualTo(text("x"));
  }

  @Test
  void overlongGreetingIsTurnedAwayWithoutReadingIt() throws Exception {
    SocketAddress h2 = listen(plain("h2"));
    try (SocketChannel caller = SocketChannel.open(h2)) {
      caller.write(
          ByteBuffer.allocate(12)
              .put("HOB\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII))
              .putInt(1)
              .putInt(Integer.MAX_VALUE)
              .flip());
      assertThat(turnedAway.get(5, SECONDS)).contains("a greeting of 2147483647 bytes");
    }
  }

  @Test
  void unixSocketTellsWhoCalls(@TempDir Path dir) throws Exception {
    SocketAddress control = UnixDomainSocketAddress.of(dir.resolve("control"));
    Recorder server = new Recorder();
    // With an identity, which a unix socket does without.
    Endpoint daemon = hosts.open(hosts.secure("h1"));
    try (Listener listener = daemon.listen(control, _ -> server)) {
      Connection cli = hosts.open(plain("cli")).connect(listener.address(), null, recorder);
      assertThat(cli.call(text("ps"), StringValue.class, SOON)).isEqualTo(text("ps"));
      Connection connection = server.opened.get(5, SECONDS);
      assertThat(connection.peer().authenticated()).isFalse();
      assertThat(connection.peer().principal().orElseThrow().user().getName())
          .isEqualTo(System.getProperty("user.name"));
      assertThatThrownBy(() -> daemon.listen(control, _ -> server))
          .hasMessageContaining("another process listens");
    }
    assertThat(dir.resolve("control")).doesNotExist();
  }

  /** It may stand stopped, as after ^Z; should it end, the kernel tells. */
  @Test
  void localCallerMayBeSilent(@TempDir Path dir) throws Exception {
    SocketAddress control = UnixDomainSocketAddress.of(dir.resolve("control"));
    Recorder server = new Recorder();
    Endpoint daemon = hosts.open(plain("h1").beat(Duration.ofMillis(10), Duration.ofMillis(50)));
    daemon.listen(control, _ -> server);
    Endpoint.Builder cli = plain("cli").beat(Duration.ofMinutes(1), Duration.ofMinutes(1));
    Connection connection = hosts.open(cli).connect(control, null, recorder);
    TimeUnit.MILLISECONDS.sleep(300);
    assertThat(server.opened.get(5, SECONDS).silence()).isGreaterThan(Duration.ofMillis(100));
    assertThat(connection.call(text("ps"), StringValue.class, SOON)).isEqualTo(text("ps"));
  }

  @Test
  void staleUnixSocketIsReplacedButNoOtherFile(@TempDir Path dir) throws Exception {
    SocketAddress control = UnixDomainSocketAddress.of(dir.resolve("control"));
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(control);
    }
    assertThat(dir.resolve("control")).exists();
    Endpoint daemon = hosts.open(plain("h1"));
    daemon.listen(control, _ -> recorder).close();
    Path file = Files.writeString(dir.resolve("precious"), "text");
    assertThatThrownBy(() -> daemon.listen(UnixDomainSocketAddress.of(file), _ -> recorder))
        .hasMessageContaining("is no socket");
    assertThat(file).hasContent("text");
  }

  @Test
  void channelThatTheCallerAcceptedItselfIsAdopted() throws Exception {
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      InetSocketAddress address = (InetSocketAddress) server.bind(anyPort()).getLocalAddress();
      Endpoint h2 = hosts.open(hosts.secure("h2"));
      CompletableFuture<Connection> adopted =
          CompletableFuture.supplyAsync(() -> {
            try {
              SocketChannel channel = server.accept();
              return h2.adopt(channel, channel.getRemoteAddress(), _ -> new Recorder());
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          });
      Connection to2 = connect(hosts.secure("h1"), address, "h2");
      assertThat(to2.call(text("x"), StringValue.class, SOON)).isEqualTo(text("x"));
      assertThat(adopted.get(5, SECONDS).peer().name()).isEqualTo("h1");
    }
  }
}
