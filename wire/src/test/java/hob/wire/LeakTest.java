package hob.wire;

import static hob.wire.TestHosts.SOON;
import static hob.wire.TestHosts.anyPort;
import static hob.wire.TestHosts.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.StringValue;
import hob.wire.TestHosts.Recorder;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class LeakTest {
  @Test
  void thousandConnectionsLeaveNeitherThreadsNorDescriptors() throws Exception {
    long descriptors;
    try (TestHosts hosts = new TestHosts()) {
      Endpoint h1 = hosts.open(hosts.secure("h1"));
      Endpoint h2 = hosts.open(hosts.secure("h2"));
      SocketAddress address = h2.listen(anyPort(), _ -> new Recorder()).address();
      once(h1, address, 0);
      Awaitility.await().until(() -> threads() == 3);
      descriptors = descriptors();
      for (int i = 1; i <= 1_000; i++) {
        once(h1, address, i);
      }
      // A timer for each and the listener's thread.
      Awaitility.await().until(() -> threads() == 3);
      long before = descriptors;
      Awaitility.await().until(() -> descriptors() <= before);
    }
    Awaitility.await().until(() -> threads() == 0);
    assertThat(descriptors()).isLessThan(descriptors);
  }

  private static void once(Endpoint h1, SocketAddress address, int i) throws Exception {
    try (Connection to2 = h1.connect(address, "h2", new Recorder())) {
      assertThat(to2.call(text("" + i), StringValue.class, SOON)).isEqualTo(text("" + i));
    }
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("wire-"))
        .count();
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }
}
