package hob.wire.bulk;

import hob.wire.link.ArrayLink;
import hob.wire.link.OpenLink;
import hob.wire.peer.HostInfo;
import hob.wire.peer.Peer;
import hob.wire.peer.WireException;
import hob.wire.proto.Hello;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/** A stream of pages is delivered, or refused, and never written outside of its transfer. */
public final class IntakeFuzzer {
  private static final int MAX_METADATA = 1 << 16;

  private static final Duration STALL = Duration.ofMillis(20);

  private IntakeFuzzer() {}

  public static void fuzzerTestOneInput(byte[] data) throws InterruptedException {
    Peer peer =
        new Peer(
            new HostInfo("h2", "amd64", 1, Set.of()),
            InetSocketAddress.createUnresolved("h2", 1),
            true,
            Optional.empty());
    OpenLink link = new OpenLink(new ArrayLink(data), peer, Hello.Kind.BULK, false);
    BulkReceiver receiver = new BulkReceiver(new ChunkBuffers(), "h2", () -> {});
    Thread consumer = Thread.ofPlatform().daemon().start(() -> drain(receiver));
    try {
      new Intake(link, (token, from) -> receiver, MAX_METADATA).serve();
    } finally {
      receiver.close();
      consumer.join();
    }
  }

  private static void drain(BulkReceiver receiver) {
    try {
      receiver.metadata(STALL);
      for (Chunk c = receiver.next(STALL); c != null; c = receiver.next(STALL)) {
        if (c.offset() < 0 || c.data().byteSize() > receiver.totalBytes() - c.offset()) {
          System.err.println("== a piece outside of its transfer: " + c);
          Runtime.getRuntime().halt(1);
        }
      }
    } catch (WireException _) {
      // Refused, as it should be.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
