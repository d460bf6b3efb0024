package hob.wire;

import static hob.wire.TestHosts.SOON;
import static hob.wire.TestHosts.anyPort;
import static hob.wire.TestHosts.text;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.Int64Value;
import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import hob.wire.TestHosts.Recorder;
import hob.wire.peer.CloseCause;
import hob.wire.peer.WireException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ConnectionTest {
  private TestHosts hosts;
  private Endpoint h1;
  private Endpoint h2;
  private Recorder at1;
  private Recorder at2;
  private Connection to2;

  @BeforeEach
  void connect() throws Exception {
    hosts = new TestHosts();
    h1 = hosts.open(hosts.secure("h1"));
    h2 = hosts.open(hosts.secure("h2"));
    at1 = new Recorder();
    at2 = new Recorder();
    to2 = connectTo2(at2);
  }

  @AfterEach
  void close() {
    hosts.close();
  }

  private Connection connectTo2(Handler handler) throws Exception {
    return h1.connect(h2.listen(anyPort(), _ -> handler).address(), "h2", at1);
  }

  @Test
  void bothSidesKnowEachOther() throws Exception {
    assertThat(to2.peer().info()).isEqualTo(h2.self());
    assertThat(to2.peer().authenticated()).isTrue();
    assertThat(to2.isDialed()).isTrue();
    Connection to1 = at2.opened.get(5, SECONDS);
    assertThat(to1.peer().info()).isEqualTo(h1.self());
    assertThat(to1.isDialed()).isFalse();
  }

  @Test
  void callReturnsTheReply() throws Exception {
    assertThat(to2.call(text("ping"), StringValue.class, SOON)).isEqualTo(text("ping"));
  }

  @Test
  void framesOfBytesKeepTheirPlaceAmongMessages() throws Exception {
    List<String> seen = new ArrayList<>();
    CountDownLatch all = new CountDownLatch(4);
    Connection to3 =
        connectTo2(
            new Handler() {
              @Override
              public void message(Connection connection, Message message) {
                seen.add("message");
                all.countDown();
              }

              @Override
              public void request(Connection connection, Message request, Reply reply) {}

              @Override
              public void frame(Connection connection, ByteBuffer body) {
                seen.add("frame " + body.remaining() + " " + body.get(body.limit() - 1));
                all.countDown();
              }
            });
    byte[] large = new byte[300_000];
    large[large.length - 1] = 7;
    to3.send(text("a"));
    to3.sendFrame(ByteBuffer.wrap(large));
    to3.send(text("b"));
    to3.sendFrame(ByteBuffer.allocateDirect(1).put((byte) 0).flip());
    assertThat(all.await(5, SECONDS)).isTrue();
    assertThat(seen).containsExactly("message", "frame 300000 7", "message", "frame 1 0");
  }

  @Test
  void messagesGoBothWays() throws Exception {
    to2.send(text("there"));
    at2.opened.get(5, SECONDS).send(text("back"));
    assertThat(at2.messages.poll(5, SECONDS)).isEqualTo(text("there"));
    assertThat(at1.messages.poll(5, SECONDS)).isEqualTo(text("back"));
  }

  @Test
  void messagesOfEachOfEightThreadsArriveInOrder() throws Exception {
    int count = 5_000;
    List<Thread> senders = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      long thread = t;
      senders.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < count; i++) {
                  try {
                    to2.send(Int64Value.of(thread << 32 | i));
                  } catch (WireException e) {
                    throw new AssertionError(e);
                  }
                }
              }));
    }
    Map<Long, Long> next = new HashMap<>();
    for (int i = 0; i < 8 * count; i++) {
      long value = ((Int64Value) at2.messages.poll(20, SECONDS)).getValue();
      assertThat(value & 0xffffffffL).isEqualTo(next.merge(value >> 32, 1L, Long::sum) - 1);
    }
    for (Thread sender : senders) {
      sender.join();
    }
  }

  @Test
  void tenThousandCallsRunInParallel() {
    List<CompletableFuture<Message>> calls = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      calls.add(to2.callAsync(Int64Value.of(i), SOON));
    }
    for (int i = 0; i < calls.size(); i++) {
      assertThat(calls.get(i).join()).isEqualTo(Int64Value.of(i));
    }
  }

  @Test
  void callThatIsNotAnsweredTimesOut() throws Exception {
    Connection silent =
        connectTo2(
            new Handler() {
              @Override
              public void message(Connection connection, Message message) {}

              @Override
              public void request(Connection connection, Message request, Reply reply) {}
            });
    assertThatThrownBy(() -> silent.call(text("hello?"), StringValue.class, Duration.ofMillis(50)))
        .isInstanceOf(WireException.CallTimedOut.class)
        .hasMessage("h2 did not answer google.protobuf.StringValue within 50 ms");
    assertThat(silent.callAsync(text("hello?"), Duration.ofMillis(50)))
        .failsWithin(SOON)
        .withThrowableThat()
        .withCauseInstanceOf(WireException.CallTimedOut.class);
    assertThat(silent.isOpen()).isTrue();
  }

  @Test
  void handlerThatThrowsFailsItsCallOnly() throws Exception {
    Connection clumsy =
        connectTo2(
            new Handler() {
              @Override
              public void message(Connection connection, Message message) {
                throw new IllegalArgumentException("dropped it");
              }

              @Override
              public void request(Connection connection, Message request, Reply reply) {
                if (request.equals(text("drop"))) {
                  throw new IllegalArgumentException("dropped it");
                }
                reply.ok(request);
              }
            });
    clumsy.send(text("drop"));
    assertThatThrownBy(() -> clumsy.call(text("drop"), StringValue.class, SOON))
        .isInstanceOfSatisfying(
            WireException.CallFailed.class,
            e -> {
              assertThat(e.kind()).isEqualTo("INTERNAL");
              assertThat(e).hasMessageContaining("h2: ").hasMessageContaining("dropped it");
            });
    assertThat(clumsy.call(text("hold"), StringValue.class, SOON)).isEqualTo(text("hold"));
  }

  @Test
  void unknownTypeIsRefusedAndTheConnectionLives() throws Exception {
    Endpoint old =
        hosts.open(
            Endpoint.builder(TestHosts.info("old"), MessageTypes.of())
                .identity(hosts.authority.issue("old")));
    Connection toOld = h1.connect(old.listen(anyPort(), _ -> new Recorder()).address(), "old", at1);
    assertThatThrownBy(() -> toOld.call(text("new"), StringValue.class, SOON))
        .isInstanceOfSatisfying(
            WireException.CallFailed.class, e -> assertThat(e.kind()).isEqualTo("UNKNOWN_TYPE"));
    assertThat(toOld.isOpen()).isTrue();
  }

  @Test
  void replyOfAnotherTypeFailsTheCall() {
    assertThatThrownBy(() -> to2.call(text("ping"), Int64Value.class, SOON))
        .isInstanceOf(WireException.CallFailed.class);
  }

  @Test
  void largeMessagesPassAndTooLargeOnesAreRefusedBeforeTheyAreSent() throws Exception {
    BytesValue large = BytesValue.of(ByteString.copyFrom(new byte[15 << 20]));
    assertThat(to2.call(large, BytesValue.class, SOON)).isEqualTo(large);
    BytesValue tooLarge = BytesValue.of(ByteString.copyFrom(new byte[17 << 20]));
    assertThatThrownBy(() -> to2.send(tooLarge))
        .isInstanceOf(WireException.TooLong.class)
        .hasMessageContaining("google.protobuf.BytesValue");
    assertThat(to2.call(text("ping"), StringValue.class, SOON)).isEqualTo(text("ping"));
  }

  @Test
  void replyThatIsTooLargeFailsTheCall() throws Exception {
    Connection generous =
        connectTo2(
            new Handler() {
              @Override
              public void message(Connection connection, Message message) {}

              @Override
              public void request(Connection connection, Message request, Reply reply) {
                reply.ok(BytesValue.of(ByteString.copyFrom(new byte[17 << 20])));
              }
            });
    assertThatThrownBy(() -> generous.call(text("more"), BytesValue.class, SOON))
        .isInstanceOf(WireException.CallFailed.class)
        .hasMessageContaining("exceeds the limit");
  }

  @Test
  void closeTellsThePeerTheReason() throws Exception {
    Connection to1 = at2.opened.get(5, SECONDS);
    to2.close("going to bed");
    assertThat(at2.closed.get(5, SECONDS)).isEqualTo(new CloseCause.ClosedThere("going to bed"));
    assertThat(at1.closed.get(5, SECONDS)).isEqualTo(new CloseCause.ClosedHere("going to bed"));
    assertThat(to2.whenClosed().get(5, SECONDS)).isInstanceOf(CloseCause.ClosedHere.class);
    assertThatThrownBy(() -> to1.send(text("hello?")))
        .isInstanceOf(WireException.ConnectionLost.class)
        .hasMessage("connection to h1 closed by the peer: going to bed");
  }

  @Test
  void closeFailsTheCallsUnderWay() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    Connection silent =
        connectTo2(
            new Handler() {
              @Override
              public void message(Connection connection, Message message) {}

              @Override
              public void request(Connection connection, Message request, Reply reply) {
                asked.countDown();
              }
            });
    CompletableFuture<Message> call = silent.callAsync(text("hello?"), SOON);
    asked.await();
    silent.close("enough");
    assertThat(call)
        .failsWithin(SOON)
        .withThrowableThat()
        .withCauseInstanceOf(WireException.ConnectionLost.class);
    assertThat(silent.callAsync(text("hello?"), SOON)).isCompletedExceptionally();
  }

  @Test
  void closingTwiceIsClosingOnce() throws Exception {
    to2.close("one");
    to2.close("two");
    assertThat(at1.closed.get(5, SECONDS)).isEqualTo(new CloseCause.ClosedHere("one"));
    assertThat(at1.causes).hasSize(1);
  }

  @Test
  void readerThreadMayNotWaitForItself() throws Exception {
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    Connection waiting =
        connectTo2(
            new Handler() {
              @Override
              public void message(Connection connection, Message message) {
                try {
                  connection.call(message, StringValue.class, SOON);
                } catch (Exception e) {
                  thrown.complete(e);
                }
              }

              @Override
              public void request(Connection connection, Message request, Reply reply) {}
            });
    waiting.send(text("call me"));
    assertThat(thrown.get(5, SECONDS)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void closedEndpointTakesItsConnectionsWithIt() throws Exception {
    at2.opened.get(5, SECONDS);
    h2.close();
    assertThat(at1.closed.get(5, SECONDS))
        .isEqualTo(new CloseCause.ClosedThere("the daemon shuts down"));
  }
}
