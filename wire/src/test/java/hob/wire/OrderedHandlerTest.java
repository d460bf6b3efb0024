package hob.wire;

import static hob.wire.TestHosts.SOON;
import static hob.wire.TestHosts.anyPort;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Int64Value;
import com.google.protobuf.Message;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OrderedHandlerTest {
  @Test
  void requestSeesAllMessagesThatWereSentBeforeIt() throws Exception {
    AtomicLong last = new AtomicLong();
    Handler handler =
        new Handler() {
          @Override
          public void message(Connection connection, Message message) {
            last.set(((Int64Value) message).getValue());
          }

          @Override
          public void request(Connection connection, Message request, Reply reply) {
            reply.ok(Int64Value.of(last.get()));
          }
        };
    try (ExecutorService executor = Executors.newCachedThreadPool();
        TestHosts hosts = new TestHosts()) {
      Endpoint h1 = hosts.open(hosts.secure("h1"));
      Endpoint h2 = hosts.open(hosts.secure("h2"));
      Connection to2 =
          h1.connect(
              h2.listen(anyPort(), _ -> new OrderedHandler(handler, executor)).address(),
              "h2",
              new TestHosts.Recorder());
      for (long i = 1; i < 2_000; i++) {
        to2.send(Int64Value.of(-i));
        to2.send(Int64Value.of(i));
        Int64Value seen = to2.call(Int64Value.of(0), Int64Value.class, SOON);
        assertThat(seen.getValue()).isEqualTo(i);
      }
    }
  }

  @Test
  void requestThatWaitsHoldsUpNothing() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    Handler handler =
        new Handler() {
          @Override
          public void message(Connection connection, Message message) {
            release.countDown();
          }

          @Override
          public void request(Connection connection, Message request, Reply reply) {
            if (request.equals(Int64Value.of(1))) {
              try {
                release.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            }
            reply.ok(request);
          }
        };
    try (ExecutorService executor = Executors.newCachedThreadPool();
        TestHosts hosts = new TestHosts()) {
      Endpoint h1 = hosts.open(hosts.secure("h1"));
      Endpoint h2 = hosts.open(hosts.secure("h2"));
      Connection to2 =
          h1.connect(
              h2.listen(anyPort(), _ -> new OrderedHandler(handler, executor)).address(),
              "h2",
              new TestHosts.Recorder());
      CompletableFuture<Message> slow = to2.callAsync(Int64Value.of(1), SOON);
      to2.call(Int64Value.of(2), Int64Value.class, SOON);
      assertThat(slow).isNotDone();
      to2.send(Int64Value.of(3));
      assertThat(slow).succeedsWithin(SOON);
    }
  }
}
