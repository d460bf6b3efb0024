package hob.daemon.peer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import hob.daemon.control.Control;
import hob.wire.Endpoint;
import hob.wire.Reply;
import hob.wire.peer.HostInfo;
import hob.wire.proto.EngineCargo;
import hob.wire.proto.StreamItem;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two links with each other, over real connections. */
@Timeout(120)
final class PeerLinkTest {
  private static final int ASKED = 60;
  private static final int LARGE = 512 << 10;
  private static final String ASK = "ask";
  private static final String ANSWER = "answer";

  /** Answers every question with much more than a connection's buffers take. */
  private static final class Side implements PeerListener, AutoCloseable {
    private final Endpoint endpoint;
    private final CompletableFuture<PeerLink> link = new CompletableFuture<>();
    private final List<Integer> answers = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger losses = new AtomicInteger();

    Side(String name, long incarnation) throws Exception {
      HostInfo self = new HostInfo(name, "x", incarnation, Set.of());
      endpoint =
          Endpoint.builder(self, Control.messageTypes())
              .beat(Duration.ofMillis(250), Duration.ofSeconds(8))
              .open();
    }

    InetSocketAddress listen() throws Exception {
      InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      return (InetSocketAddress) endpoint.listen(any, _ -> link.join()).address();
    }

    void ask() {
      for (int i = 0; i < ASKED; i++) {
        link.join().send(item(ASK, i, 0));
      }
    }

    @Override
    public void item(String peer, StreamItem item) {
      int number = (int) item.getEngine().getIncarnation();
      if (item.getEngine().getSession().equals(ASK)) {
        link.join().send(item(ANSWER, number, LARGE));
      } else {
        answers.add(number);
      }
    }

    private static StreamItem.Builder item(String what, int number, int bytes) {
      return StreamItem.newBuilder()
          .setEngine(
              EngineCargo.newBuilder()
                  .setSession(what)
                  .setIncarnation(number)
                  .setPayload(ByteString.copyFrom(new byte[bytes])));
    }

    @Override
    public void down(String peer, String why) {
      losses.incrementAndGet();
    }

    @Override
    public void up(String peer, boolean newDaemon) {}

    @Override
    public void request(String peer, Message request, Reply reply) {}

    @Override
    public void close() {
      link.join().close();
      endpoint.close();
    }
  }

  @Test
  void bothSendMoreThanTheOtherReads() throws Exception {
    try (Side a = new Side("a", 1);
        Side b = new Side("b", 2)) {
      InetSocketAddress atA = a.listen();
      InetSocketAddress atB = b.listen();
      a.link.complete(new PeerLink("a", "b", atB, a.endpoint, a));
      b.link.complete(new PeerLink("b", "a", atA, b.endpoint, b));
      a.link.join().start();
      b.link.join().start();
      assertThat(a.link.join().reach(Duration.ofSeconds(20))).isEmpty();
      assertThat(b.link.join().reach(Duration.ofSeconds(20))).isEmpty();
      // Whoever called at the same moment as the other has lost a connection by now.
      int before = a.losses.get() + b.losses.get();
      Thread asking = Thread.ofPlatform().start(a::ask);
      b.ask();
      asking.join();
      for (Side s : List.of(a, b)) {
        Awaitility.await()
            .atMost(Duration.ofSeconds(60))
            .untilAsserted(() -> assertThat(s.answers).hasSize(ASKED).isSorted());
      }
      assertThat(a.losses.get() + b.losses.get()).isEqualTo(before);
    }
  }
}
