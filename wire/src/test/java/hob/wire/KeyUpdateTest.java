package hob.wire;

import static hob.wire.TestHosts.SOON;
import static hob.wire.TestHosts.anyPort;
import static hob.wire.TestHosts.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.StringValue;
import hob.wire.TestHosts.Recorder;
import hob.wire.bulk.BulkReceiver;
import hob.wire.bulk.BulkSender;
import hob.wire.bulk.Chunk;
import hob.wire.bulk.TransferToken;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.Security;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A connection lives longer than its first keys: TLS renews them after so many bytes. */
@Timeout(120)
class KeyUpdateTest {
  @Test
  void connectionsOutliveTheirKeys() throws Exception {
    // The limit is read once in the life of a JVM, so this needs one of its own.
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djavax.net.debug=ssl:handshake",
                "-cp",
                System.getProperty("java.class.path"),
                KeyUpdates.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("KeyUpdate");
  }

  /** The other JVM's program. */
  static final class KeyUpdates {
    private static final int BYTES = 32 << 20;

    private KeyUpdates() {}

    public static void main(String[] args) throws Exception {
      Security.setProperty("jdk.tls.keyLimits", "AES/GCM/NoPadding KeyUpdate 2^20");
      try (TestHosts hosts = new TestHosts()) {
        Endpoint h1 = hosts.open(hosts.secure("h1"));
        Endpoint h2 = hosts.open(hosts.secure("h2"));
        SocketAddress address = h2.listen(anyPort(), _ -> new Recorder()).address();
        exchangeMessages(h1.connect(address, "h2", new Recorder()));
        transfer(h1, h2, address);
      }
    }

    private static void exchangeMessages(Connection to2) throws Exception {
      BytesValue large = BytesValue.of(ByteString.copyFrom(new byte[4 << 20]));
      for (int i = 0; i < BYTES / (4 << 20); i++) {
        CompletableFuture<?> other = to2.callAsync(large, SOON);
        check(to2.call(text("x"), StringValue.class, SOON).equals(text("x")));
        check(large.equals(other.get(20, SECONDS)));
      }
    }

    private static void transfer(Endpoint h1, Endpoint h2, SocketAddress address) throws Exception {
      TransferToken token = TransferToken.random();
      CompletableFuture<Void> sending = new CompletableFuture<>();
      try (BulkReceiver receiver = h2.bulk().expect(token, "h1")) {
        Thread.ofPlatform()
            .start(() -> {
              try (BulkSender sender =
                  h1.bulk().open(address, "h2", token, BYTES, ByteBuffer.allocate(0), 1)) {
                sender.send(ByteBuffer.allocate(BYTES));
                sender.finish();
                sending.complete(null);
              } catch (Exception e) {
                sending.completeExceptionally(e);
              }
            });
        long bytes = 0;
        for (Chunk chunk = receiver.next(SOON); chunk != null; chunk = receiver.next(SOON)) {
          bytes += chunk.data().byteSize();
        }
        check(bytes == BYTES);
      }
      sending.get(20, SECONDS);
    }

    private static void check(boolean holds) {
      if (!holds) {
        throw new IllegalStateException("bytes changed on their way");
      }
    }
  }
}
