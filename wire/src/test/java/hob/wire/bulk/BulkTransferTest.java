package hob.wire.bulk;

import static hob.wire.TestHosts.SOON;
import static hob.wire.TestHosts.anyPort;
import static hob.wire.TestHosts.plain;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hob.wire.Endpoint;
import hob.wire.Listener;
import hob.wire.TestHosts;
import hob.wire.TestHosts.Recorder;
import hob.wire.fault.ControlledFaults;
import hob.wire.peer.WireException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class BulkTransferTest {
  private static final Duration SHORT = Duration.ofMillis(100);

  private TestHosts hosts;
  private final TransferToken token = TransferToken.random();

  @BeforeEach
  void open() throws Exception {
    hosts = new TestHosts();
  }

  @AfterEach
  void close() {
    hosts.close();
  }

  /** Two hosts, and where the second listens. */
  private record Hosts(Endpoint h1, Endpoint h2, SocketAddress address) {
    BulkSender send(TransferToken token, long total, String metadata, int connections)
        throws WireException {
      ByteBuffer bytes = ByteBuffer.wrap(metadata.getBytes(UTF_8));
      return h1.bulk().open(address, "h2", token, total, bytes, connections);
    }

    BulkReceiver expect(TransferToken token) {
      return h2.bulk().expect(token, "h1");
    }
  }

  private Hosts pair(boolean tls) throws Exception {
    Endpoint h1 = hosts.open(tls ? hosts.secure("h1") : plain("h1"));
    Endpoint h2 = hosts.open(tls ? hosts.secure("h2") : plain("h2"));
    return new Hosts(h1, h2, h2.listen(anyPort(), _ -> new Recorder()).address());
  }

  /** The number at each offset is the offset, stirred. */
  private static MemorySegment pattern(Arena arena, long offset, long size) {
    MemorySegment segment = arena.allocate(size, 8);
    for (long i = 0; i < size / 8; i++) {
      segment.setAtIndex(ValueLayout.JAVA_LONG, i, stir(offset / 8 + i));
    }
    return segment;
  }

  private static long stir(long value) {
    return value * 0x9E3779B97F4A7C15L;
  }

  private static String text(ByteBuffer metadata) {
    return UTF_8.decode(metadata).toString();
  }

  private static CompletableFuture<Void> async(Step step) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            step.run();
            done.complete(null);
          } catch (Throwable t) {
            done.completeExceptionally(t);
          }
        });
    return done;
  }

  private interface Step {
    void run() throws Exception;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void gigabyteArrivesUnchanged(boolean tls) throws Exception {
    Hosts pair = pair(tls);
    long total = 1L << 30;
    MessageDigest sent = MessageDigest.getInstance("SHA-256");
    MessageDigest received = MessageDigest.getInstance("SHA-256");
    BulkReceiver receiver = pair.expect(token);
    CompletableFuture<Void> sending =
        async(() -> {
          byte[] random = new byte[64 << 10];
          new Random(6).nextBytes(random);
          try (Arena arena = Arena.ofConfined();
              BulkSender sender = pair.send(token, total, "image", 1)) {
            // Neither the chunks' size nor a divisor of the whole.
            MemorySegment piece = arena.allocate(3_000_000);
            for (long at = 0; at < total; ) {
              long size = Math.min(piece.byteSize(), total - at);
              MemorySegment part = piece.asSlice(0, size);
              fill(part, random, at);
              sent.update(part.asByteBuffer());
              sender.send(part);
              at += size;
            }
            sender.finish();
          }
        });
    try (receiver) {
      assertThat(text(receiver.metadata(SOON))).isEqualTo("image");
      assertThat(receiver.totalBytes()).isEqualTo(total);
      long next = 0;
      for (Chunk chunk = receiver.next(SOON); chunk != null; chunk = receiver.next(SOON)) {
        assertThat(chunk.offset()).isEqualTo(next);
        assertThat(chunk.data().isNative()).isTrue();
        received.update(chunk.data().asByteBuffer());
        next += chunk.data().byteSize();
      }
      assertThat(next).isEqualTo(total);
    }
    sending.get(20, SECONDS);
    assertThat(received.digest()).isEqualTo(sent.digest());
  }

  private static void fill(MemorySegment part, byte[] random, long offset) {
    MemorySegment source = MemorySegment.ofArray(random);
    for (long at = 0; at < part.byteSize(); at += random.length) {
      long size = Math.min(random.length, part.byteSize() - at);
      MemorySegment.copy(source, 0, part, at, size);
      part.set(ValueLayout.JAVA_BYTE, at, (byte) ((offset + at) >> 16));
    }
  }

  @ParameterizedTest
  @CsvSource({"true,1", "true,2", "true,5", "false,1", "false,3"})
  void piecesOfAllSizesArriveOverOneOrSeveralConnections(boolean tls, int connections)
      throws Exception {
    Hosts pair = pair(tls);
    long total = 96L << 20;
    Random random = new Random(7);
    for (int round = 0; round < 2; round++) {
      TransferToken fresh = TransferToken.random();
      BulkReceiver receiver = pair.expect(fresh);
      CompletableFuture<Void> sending =
          async(() -> {
            try (BulkSender sender = pair.send(fresh, total, "m", connections)) {
              for (long at = 0; at < total; ) {
                long size = 8L << random.nextInt(22);
                size = Math.min(size, total - at);
                try (Arena arena = Arena.ofShared()) {
                  sender.send(pattern(arena, at, size));
                }
                at += size;
              }
              sender.finish();
            }
          });
      long bytes = 0;
      try (receiver) {
        receiver.metadata(SOON);
        for (Chunk chunk = receiver.next(SOON); chunk != null; chunk = receiver.next(SOON)) {
          verify(chunk);
          bytes += chunk.data().byteSize();
        }
        assertThat(receiver.next(SOON)).isNull();
      }
      sending.get(20, SECONDS);
      assertThat(bytes).isEqualTo(total);
    }
  }

  private static void verify(Chunk chunk) {
    MemorySegment data = chunk.data();
    for (long i = 0; i < data.byteSize() / 8; i++) {
      long value = data.getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i);
      if (value != stir(chunk.offset() / 8 + i)) {
        throw new AssertionError("wrong bytes at " + (chunk.offset() + 8 * i));
      }
    }
  }

  @Test
  void transferMayBeMetadataOnly() throws Exception {
    Hosts pair = pair(true);
    String large = "x".repeat(1_000_000);
    try (BulkReceiver receiver = pair.expect(token);
        BulkSender sender = pair.send(token, 0, large, 1)) {
      sender.finish();
      assertThat(text(receiver.metadata(SOON))).isEqualTo(large);
      assertThat(receiver.next(SOON)).isNull();
    }
  }

  @Test
  void metadataGoesAheadWhenFlushed() throws Exception {
    Hosts pair = pair(true);
    try (BulkReceiver receiver = pair.expect(token);
        BulkSender sender = pair.send(token, 10, "early", 2)) {
      sender.flush();
      assertThat(text(receiver.metadata(SOON))).isEqualTo("early");
      sender.send(ByteBuffer.allocate(10));
      sender.finish();
    }
  }

  @Test
  void metadataBeyondTheLimitIsRefusedBySenderAndReceiver() throws Exception {
    Endpoint h1 = hosts.open(hosts.secure("h1"));
    Endpoint h2 = hosts.open(hosts.secure("h2").maxMetadata(1_000));
    Hosts pair = new Hosts(h1, h2, h2.listen(anyPort(), _ -> new Recorder()).address());
    try (BulkReceiver receiver = pair.expect(token);
        BulkSender sender = pair.send(token, 0, "x".repeat(1_001), 1)) {
      assertThatThrownBy(sender::finish)
          .isInstanceOf(WireException.Refused.class)
          .hasMessageContaining("exceeds the limit of 1000");
      assertThatThrownBy(() -> receiver.metadata(SOON)).isInstanceOf(WireException.TooLong.class);
    }
    ByteBuffer metadata = ByteBuffer.allocate(1_001);
    assertThatThrownBy(() -> h2.bulk().open(pair.address, "h1", token, 0, metadata, 1))
        .isInstanceOf(WireException.TooLong.class);
  }

  @Test
  void unknownTokenIsRefused() throws Exception {
    Hosts pair = pair(true);
    try (BulkSender sender = pair.send(token, 0, "", 1)) {
      assertThatThrownBy(sender::finish)
          .isInstanceOf(WireException.Refused.class)
          .hasMessageStartingWith("refused by h2: no transfer " + token + " is expected");
    }
  }

  @Test
  void unknownTokenIsRefusedInTheMiddleOfALargeTransfer() throws Exception {
    Hosts pair = pair(true);
    try (Arena arena = Arena.ofConfined();
        BulkSender sender = pair.send(token, 1L << 30, "", 1)) {
      MemorySegment piece = arena.allocate(8 << 20);
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 128; i++) {
                  sender.send(piece);
                }
                sender.finish();
              })
          .isInstanceOf(WireException.Refused.class)
          .hasMessageContaining("no transfer");
    }
  }

  @Test
  void tokenIsGoodForTheHostItWasGivenToOnly() throws Exception {
    Hosts pair = pair(true);
    Endpoint h3 = hosts.open(hosts.secure("h3"));
    try (BulkReceiver receiver = pair.expect(token);
        BulkSender thief =
            h3.bulk().open(pair.address, "h2", token, 0, ByteBuffer.allocate(0), 1)) {
      assertThatThrownBy(thief::finish).isInstanceOf(WireException.Refused.class);
      try (BulkSender sender = pair.send(token, 0, "mine", 1)) {
        sender.finish();
        assertThat(text(receiver.metadata(SOON))).isEqualTo("mine");
      }
    }
  }

  @Test
  void tokenIsGoodForOneTransferOnly() throws Exception {
    Hosts pair = pair(true);
    try (BulkReceiver _ = pair.expect(token);
        BulkSender sender = pair.send(token, 0, "", 1);
        BulkSender second = pair.send(token, 0, "", 1)) {
      assertThatIllegalArgumentException().isThrownBy(() -> pair.expect(token));
      sender.finish();
      assertThatThrownBy(second::finish).isInstanceOf(WireException.Refused.class);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  @SuppressWarnings("try") // It dies before its time.
  void senderThatDiesBreaksTheTransfer(int connections) throws Exception {
    Hosts pair = pair(true);
    try (BulkReceiver receiver = pair.expect(token);
        BulkSender sender = pair.send(token, 8 << 20, "", connections)) {
      sender.send(ByteBuffer.allocate(1 << 20));
      sender.flush();
      receiver.metadata(SOON);
      assertThat(receiver.next(SOON)).isNotNull();
      pair.h1.close();
      sender.close();
      assertThatThrownBy(() -> receiver.next(SOON))
          .isInstanceOf(WireException.TransferBroken.class)
          .hasMessageStartingWith("transfer broken: h1 is gone");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void receiverThatDiesBreaksTheTransfer(int connections) throws Exception {
    Hosts pair = pair(true);
    BulkReceiver receiver = pair.expect(token);
    try (Arena arena = Arena.ofShared();
        BulkSender sender = pair.send(token, 1L << 30, "", connections)) {
      MemorySegment piece = arena.allocate(8 << 20);
      sender.send(piece.asSlice(0, 1 << 20));
      receiver.metadata(SOON);
      pair.h2.close();
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 127; i++) {
                  sender.send(piece);
                }
              })
          .isInstanceOf(WireException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void receiverThatGivesUpTellsTheSender(int connections) throws Exception {
    Hosts pair = pair(true);
    BulkReceiver receiver = pair.expect(token);
    try (Arena arena = Arena.ofShared();
        BulkSender sender = pair.send(token, 1L << 30, "", connections)) {
      MemorySegment piece = arena.allocate(8 << 20);
      sender.send(piece);
      // The other connections may have taken all of the piece.
      sender.flush();
      receiver.metadata(SOON);
      receiver.close();
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 127; i++) {
                  sender.send(piece);
                }
              })
          .isInstanceOf(WireException.Refused.class)
          // A connection that is only now opened hears that nobody waits for it.
          .hasMessageMatching(".*(the receiver gave it up|no transfer .* is expected).*");
    }
  }

  @Test
  void hostThatIsGivenUpBreaksTheTransfersOfBothSides() throws Exception {
    Hosts pair = pair(true);
    TransferToken second = TransferToken.random();
    try (Arena arena = Arena.ofShared();
        BulkReceiver begun = pair.expect(token);
        BulkReceiver expected = pair.expect(second);
        BulkSender sender = pair.send(token, 1L << 30, "", 1)) {
      MemorySegment all = arena.allocate(1 << 30);
      // Nobody takes it, so this waits.
      CompletableFuture<Void> sending = async(() -> sender.send(all));
      begun.metadata(SOON);
      assertThat(sending).isNotDone();
      pair.h1.bulk().breakAll("h2");
      assertThat(sending)
          .failsWithin(SOON)
          .withThrowableThat()
          .withCauseInstanceOf(WireException.TransferBroken.class);
      pair.h2.bulk().breakAll("h1");
      assertThatThrownBy(
              () -> {
                for (Chunk c = begun.next(SOON); c != null; c = begun.next(SOON)) {
                  assertThat(c.offset()).isLessThan(1 << 30);
                }
              })
          .isInstanceOf(WireException.TransferBroken.class);
      assertThatThrownBy(() -> expected.metadata(SOON))
          .isInstanceOf(WireException.TransferBroken.class)
          .hasMessage("transfer broken: h1 is gone");
    }
  }

  @Test
  void linkThatIsCutBreaksTheTransfer() throws Exception {
    ControlledFaults faults = new ControlledFaults();
    Endpoint h1 = hosts.open(hosts.secure("h1").faults(faults));
    Endpoint h2 = hosts.open(hosts.secure("h2").faults(faults));
    Hosts pair = new Hosts(h1, h2, h2.listen(anyPort(), _ -> new Recorder()).address());
    try (BulkReceiver receiver = pair.expect(token);
        BulkSender sender = pair.send(token, 2, "", 1)) {
      sender.flush();
      receiver.metadata(SOON);
      faults.cut("h1", "h2");
      assertThatThrownBy(() -> receiver.next(SOON))
          .isInstanceOf(WireException.TransferBroken.class);
      sender.send(ByteBuffer.allocate(2));
      assertThatThrownBy(sender::finish).isInstanceOf(WireException.class);
    }
  }

  @Test
  void transferThatDoesNotBeginOrStallsIsBroken() throws Exception {
    Hosts pair = pair(true);
    try (BulkReceiver receiver = pair.expect(token)) {
      assertThatThrownBy(() -> receiver.metadata(SHORT))
          .isInstanceOf(WireException.TransferBroken.class)
          .hasMessage("transfer broken: nothing came from h1 within 100 ms");
    }
    TransferToken second = TransferToken.random();
    try (BulkReceiver receiver = pair.expect(second);
        BulkSender sender = pair.send(second, 2, "", 1)) {
      sender.flush();
      receiver.metadata(SOON);
      assertThatThrownBy(() -> receiver.next(SHORT))
          .isInstanceOf(WireException.TransferBroken.class);
    }
  }

  @Test
  void senderCountsItsBytes() throws Exception {
    Hosts pair = pair(true);
    try (BulkReceiver _ = pair.expect(token);
        BulkSender sender = pair.send(token, 10, "", 1)) {
      sender.send(ByteBuffer.allocate(9));
      assertThat(sender.sent()).isEqualTo(9);
      assertThatIllegalStateException().isThrownBy(sender::finish);
      assertThatIllegalArgumentException().isThrownBy(() -> sender.send(ByteBuffer.allocate(2)));
      sender.send(ByteBuffer.allocate(1));
      sender.finish();
    }
  }

  @Test
  void connectionsAreUsedAgain() throws Exception {
    Hosts pair = pair(true);
    pair.h1.bulk().warm(pair.address, "h2", 2);
    // A thread gets its name a moment after the caller has got its verdict.
    Awaitility.await().until(() -> intakes() == 2);
    for (int i = 0; i < 20; i++) {
      TransferToken fresh = TransferToken.random();
      try (BulkReceiver receiver = pair.expect(fresh);
          BulkSender sender = pair.send(fresh, 5, "", 2)) {
        sender.send(ByteBuffer.allocate(5));
        sender.finish();
        assertThat(receiver.next(SOON)).isNotNull();
        assertThat(receiver.next(SOON)).isNull();
      }
    }
    assertThat(intakes()).isEqualTo(2);
    pair.h1.bulk().discard("h2");
    Awaitility.await().until(() -> intakes() == 0);
  }

  private static long intakes() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("wire-bulk-from-"))
        .count();
  }

  @Test
  void warmConnectionThatHasDiedIsReplaced() throws Exception {
    Hosts pair = pair(true);
    pair.h1.bulk().warm(pair.address, "h2", 3);
    pair.h2.close();
    Awaitility.await().until(() -> intakes() == 0);
    Endpoint reborn = hosts.open(hosts.secure("h2"));
    try (Listener listener = reborn.listen(pair.address, _ -> new Recorder());
        BulkReceiver receiver = reborn.bulk().expect(token, "h1");
        BulkSender sender = pair.send(token, 0, "again", 3)) {
      sender.finish();
      assertThat(listener.address()).isEqualTo(pair.address);
      assertThat(text(receiver.metadata(SOON))).isEqualTo("again");
    }
  }

  @Test
  void corruptedChunkIsDetected() throws Exception {
    Hosts pair = pair(false);
    try (FlippingProxy proxy = new FlippingProxy(pair.address, 1_500_000);
        BulkReceiver receiver = pair.expect(token);
        BulkSender sender =
            pair.h1.bulk().open(proxy.address(), "h2", token, 4 << 20, ByteBuffer.allocate(0), 1)) {
      CompletableFuture<Void> sending =
          async(() -> {
            sender.send(ByteBuffer.allocate(4 << 20));
            sender.finish();
          });
      assertThatThrownBy(
              () -> {
                for (Chunk c = receiver.next(SOON); c != null; c = receiver.next(SOON)) {
                  assertThat(c.data().mismatch(MemorySegment.ofArray(new byte[1 << 20])))
                      .isEqualTo(-1);
                }
              })
          .isInstanceOf(WireException.CorruptChunk.class)
          .hasMessage("checksum of 1048576 bytes at 1048576 is wrong; check the link, or use TLS");
      assertThat(sending)
          .failsWithin(SOON)
          .withThrowableThat()
          .withCauseInstanceOf(WireException.Refused.class)
          .withMessageContaining("checksum");
    }
  }
}
