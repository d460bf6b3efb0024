package hob.wire;

import static hob.wire.TestHosts.anyPort;
import static hob.wire.TestHosts.plain;
import static hob.wire.TestHosts.text;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.StringValue;
import hob.wire.TestHosts.Recorder;
import hob.wire.peer.CloseCause;
import hob.wire.peer.WireException;
import hob.wire.proto.Bye;
import hob.wire.proto.Envelope;
import hob.wire.proto.Hello;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MisbehavingPeerTest {
  private final Recorder recorder = new Recorder();
  private TestHosts hosts;

  @BeforeEach
  void open() throws Exception {
    hosts = new TestHosts();
  }

  @AfterEach
  void close() {
    hosts.close();
  }

  private RawPeer raw(Endpoint.Builder host) throws IOException {
    return new RawPeer(
        hosts.open(host).listen(anyPort(), _ -> recorder).address(), Hello.Kind.MESSAGES);
  }

  @Test
  void peerWrittenFromTheDescriptionIsUnderstood() throws Exception {
    try (RawPeer peer = raw(plain("h1"))) {
      peer.frame(
          Envelope.newBuilder()
              .setId(5)
              .setType("google.protobuf.StringValue")
              .setPayload(text("ping").toByteString())
              .build());
      Envelope reply = peer.readEnvelope();
      assertThat(reply.getReplyTo()).isEqualTo(5);
      assertThat(StringValue.parseFrom(reply.getPayload())).isEqualTo(text("ping"));
    }
  }

  @Test
  void oversizedFrameEndsTheConnectionWithAReason() throws Exception {
    for (int length : new int[] {(16 << 20) + 1, -1, Integer.MIN_VALUE}) {
      Recorder fresh = new Recorder();
      Endpoint h1 = hosts.open(plain("h1"));
      try (RawPeer peer =
          new RawPeer(h1.listen(anyPort(), _ -> fresh).address(), Hello.Kind.MESSAGES)) {
        peer.write(ByteBuffer.allocate(4).putInt(length).flip());
        Bye bye = Bye.parseFrom(peer.readEnvelope().getPayload());
        assertThat(bye.getReason())
            .contains(Integer.toUnsignedString(length))
            .contains("16777216 are allowed");
        assertThat(fresh.closed.get(5, SECONDS)).isInstanceOf(CloseCause.Misspoken.class);
      }
    }
  }

  @Test
  void truncatedFrameIsALostConnection() throws Exception {
    try (RawPeer peer = raw(plain("h1"))) {
      peer.write(ByteBuffer.allocate(104).putInt(1000).clear());
      peer.channel.shutdownOutput();
      assertThat(recorder.closed.get(5, SECONDS).describe())
          .isEqualTo("lost: the peer hung up within a message");
    }
    assertThat(recorder.messages).isEmpty();
  }

  @Test
  void garbageEndsTheConnection() throws Exception {
    byte[] garbage = new byte[1000];
    new Random(3).nextBytes(garbage);
    try (RawPeer peer = raw(plain("h1"))) {
      peer.write(ByteBuffer.allocate(1004).putInt(1000).put(garbage).flip());
      assertThat(recorder.closed.get(5, SECONDS)).isInstanceOf(CloseCause.Misspoken.class);
    }
    assertThat(recorder.messages).isEmpty();
  }

  @Test
  void frameInManyPiecesIsWhole() throws Exception {
    byte[] bytes =
        Envelope.newBuilder()
            .setType("google.protobuf.StringValue")
            .setPayload(text("x".repeat(200)).toByteString())
            .build()
            .toByteArray();
    try (RawPeer peer = raw(plain("h1"))) {
      ByteBuffer frame =
          ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes).flip();
      while (frame.hasRemaining()) {
        peer.write(ByteBuffer.wrap(new byte[] {frame.get()}));
      }
      assertThat(recorder.messages.poll(5, SECONDS)).isEqualTo(text("x".repeat(200)));
    }
  }

  @Test
  void framesAroundTheBuffersSizeArriveWhole() throws Exception {
    try (RawPeer peer = raw(plain("h1"))) {
      for (int size :
          new int[] {0, 65_400, 65_536, 1, 131_072, 7, 5_000_000, 5_000_001, 3, 44_000}) {
        BytesValue value = BytesValue.of(ByteString.copyFrom(new byte[size]));
        peer.frame(
            Envelope.newBuilder()
                .setType("google.protobuf.BytesValue")
                .setPayload(value.toByteString())
                .build());
        assertThat(recorder.messages.poll(5, SECONDS)).isEqualTo(value);
      }
    }
  }

  @Test
  void halfClosedConnectionIsLost() throws Exception {
    try (RawPeer peer = raw(plain("h1"))) {
      peer.channel.shutdownOutput();
      assertThat(recorder.closed.get(5, SECONDS).describe())
          .isEqualTo("lost: the peer hung up without a farewell");
    }
  }

  @Test
  void peerThatSaysNothingIsGivenUp() throws Exception {
    try (RawPeer _ = raw(plain("h1").beat(Duration.ofMillis(50), Duration.ofMillis(300)))) {
      assertThat(recorder.closed.get(5, SECONDS)).isInstanceOf(CloseCause.Silent.class);
    }
  }

  @Test
  void senderToAPeerThatDoesNotReadIsReleased() throws Exception {
    try (RawPeer _ = raw(plain("h1").beat(Duration.ofMillis(50), Duration.ofMillis(500)))) {
      Connection connection = recorder.opened.get(5, SECONDS);
      BytesValue large = BytesValue.of(ByteString.copyFrom(new byte[15 << 20]));
      assertThatThrownBy(
              () -> {
                while (true) {
                  connection.send(large);
                }
              })
          .isInstanceOf(WireException.ConnectionLost.class)
          .hasMessageContaining("nothing heard for");
    }
  }

  @Test
  void closeDoesNotWaitForAPeerThatDoesNotRead() throws Exception {
    try (RawPeer _ = raw(plain("h1").beat(Duration.ofMillis(50), Duration.ofSeconds(60)))) {
      Connection connection = recorder.opened.get(5, SECONDS);
      BytesValue large = BytesValue.of(ByteString.copyFrom(new byte[15 << 20]));
      Thread sender =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  while (true) {
                    connection.send(large);
                  }
                } catch (WireException _) {
                  // Released, as it should be.
                }
              });
      Awaitility.await().until(() -> isIn(sender, "write"));
      connection.close("enough");
      sender.join();
      assertThat(recorder.closed.get(5, SECONDS)).isEqualTo(new CloseCause.ClosedHere("enough"));
    }
  }

  @Test
  void idleConnectionIsKeptAlive() throws Exception {
    Endpoint.Builder h1 = hosts.secure("h1").beat(Duration.ofMillis(50), Duration.ofMillis(400));
    Endpoint.Builder h2 = hosts.secure("h2").beat(Duration.ofMillis(50), Duration.ofMillis(400));
    Connection to1 =
        hosts
            .open(h2)
            .connect(
                hosts.open(h1).listen(anyPort(), _ -> recorder).address(), "h1", new Recorder());
    Awaitility.await()
        .during(Duration.ofSeconds(1))
        .until(() -> to1.isOpen() && to1.silence().toMillis() < 400);
    assertThat(recorder.closed).isNotDone();
  }

  private static boolean isIn(Thread thread, String method) {
    for (StackTraceElement frame : thread.getStackTrace()) {
      if (frame.getMethodName().equals(method) && frame.getClassName().contains("SocketChannel")) {
        return true;
      }
    }
    return false;
  }
}
