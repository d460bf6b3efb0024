package hob.wire.link;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import hob.wire.peer.HostInfo;
import hob.wire.peer.Peer;
import hob.wire.peer.WireException;
import hob.wire.proto.Hello;
import hob.wire.proto.Verdict;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import jdk.net.UnixDomainPrincipal;
import org.jspecify.annotations.Nullable;

/**
 * Two sides that have just met: each says Hello, then both say whether they want to go on.
 *
 * <p>One thread; all of it runs under the opener's deadline. After {@link #greet} the caller either
 * {@linkplain #accept accepts} or {@linkplain #refuse refuses}.
 */
public final class Meeting {
  /** The version of the protocol; sides with different ones do not talk. */
  public static final int VERSION = 1;

  private static final int MAGIC = ByteBuffer.wrap("HOB\n".getBytes(US_ASCII)).getInt();
  private static final int PREAMBLE_BYTES = 8;
  private static final int MAX_FRAME = 16 << 10;
  private static final int MAX_DISCARDED = 1 << 20;

  private final Link link;
  private final SocketAddress address;
  private final int version;

  /** Meets over {@code link}; {@code version} is the own one. */
  Meeting(Link link, SocketAddress address, int version) {
    this.link = link;
    this.address = address;
    this.version = version;
  }

  /** Peer and purpose of a connection that the peer has asked for, or that it answered. */
  public record Greeting(Peer peer, Hello.Kind kind) {}

  /**
   * Exchanges Hellos.
   *
   * @param certified the peer's name in its certificate; null without TLS
   * @throws WireException if the peer is no hob, of another version, or not whom it claims to be;
   *     the peer has then been told
   */
  Greeting greet(
      HostInfo self,
      Hello.Kind kind,
      @Nullable String certified,
      Optional<UnixDomainPrincipal> principal)
      throws IOException {
    Hello own =
        Hello.newBuilder()
            .setKind(kind)
            .setHost(self.name())
            .setArchitecture(self.architecture())
            .setIncarnation(self.incarnation())
            .addAllFeatures(self.features())
            .build();
    ByteBuffer preamble = ByteBuffer.allocate(PREAMBLE_BYTES).putInt(MAGIC).putInt(version).flip();
    link.write(preamble, frame(own));

    ByteBuffer theirs = readFully(PREAMBLE_BYTES);
    if (theirs.getInt() != MAGIC) {
      throw new WireException.BadFrame("no preamble from " + address);
    }
    int theirVersion = theirs.getInt();
    if (theirVersion != version) {
      throw refuse(new WireException.VersionMismatch(address.toString(), version, theirVersion));
    }
    Hello hello = read(Hello.parser());
    HostInfo info =
        new HostInfo(
            hello.getHost(),
            hello.getArchitecture(),
            hello.getIncarnation(),
            Set.copyOf(hello.getFeaturesList()));
    if (!HostInfo.isName(info.name())) {
      throw refuse(new WireException.BadFrame("a host without a proper name at " + address));
    }
    if (certified != null && !certified.equals(info.name())) {
      throw refuse(
          new WireException.Untrusted(
              address,
              "it says it is %s, but has the certificate of %s".formatted(info.name(), certified),
              null));
    }
    return new Greeting(new Peer(info, address, certified != null, principal), hello.getKind());
  }

  /**
   * Accepts, and waits for the peer's own verdict.
   *
   * @throws WireException.Refused with the peer's reason if it does not want this connection
   */
  void accept(String peer) throws IOException {
    link.write(frame(Verdict.newBuilder().setAccepted(true).build()));
    Verdict verdict = read(Verdict.parser());
    if (!verdict.getAccepted()) {
      throw new WireException.Refused(peer, verdict.getReason());
    }
  }

  /** Tells the peer why not; returns {@code reason} to be thrown. The caller closes the link. */
  <E extends WireException> E refuse(E reason) {
    try {
      link.write(frame(Verdict.newBuilder().setReason(reason.getMessage()).build()));
      discard(link);
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
    return reason;
  }

  /**
   * Ends the output and reads until the peer has closed: closing before that would reset the
   * connection, and the peer might lose what was written last.
   */
  public static void discard(Link link) throws IOException {
    link.endOutput();
    ByteBuffer waste = ByteBuffer.allocate(32 << 10);
    int left = MAX_DISCARDED;
    for (int n = 0; n >= 0 && left > 0; left -= n) {
      n = link.read(waste.clear());
    }
  }

  private static ByteBuffer frame(MessageLite message) {
    byte[] bytes = message.toByteArray();
    return ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes).flip();
  }

  private <T> T read(Parser<T> parser) throws IOException {
    int length = readFully(4).getInt();
    if (length < 0 || length > MAX_FRAME) {
      throw new WireException.BadFrame("a greeting of " + length + " bytes from " + address);
    }
    try {
      return parser.parseFrom(readFully(length));
    } catch (InvalidProtocolBufferException e) {
      throw new WireException.BadFrame("greeting from " + address, e);
    }
  }

  /** Reads no byte more than asked for: what follows belongs to the next reader. */
  private ByteBuffer readFully(int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining()) {
      if (link.read(buffer) < 0) {
        throw new EOFException("the peer hung up during the handshake");
      }
    }
    return buffer.flip();
  }
}
