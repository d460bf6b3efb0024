package hob.wire.peer;

import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Everything that can go wrong between two hosts. The message is one line that says what to do. */
public abstract sealed class WireException extends IOException {
  private WireException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** Never null, unlike that of other throwables. */
  @Override
  public final String getMessage() {
    return String.valueOf(super.getMessage());
  }

  /** Nobody answers at an address. */
  public static final class Unreachable extends WireException {
    public Unreachable(SocketAddress address, Throwable cause) {
      super(
          "cannot reach " + address + ": " + cause.getMessage() + "; is hobd running there?",
          cause);
    }
  }

  /** The peer has no certificate of our authority, or does not accept ours. */
  public static final class Untrusted extends WireException {
    public Untrusted(SocketAddress address, String why, @Nullable Throwable cause) {
      super("no trust between this host and " + address + ": " + why, cause);
    }
  }

  /** The host that answered is not the one that was called. */
  public static final class WrongHost extends WireException {
    public WrongHost(SocketAddress address, String expected, String actual) {
      super(
          "%s is host %s, not %s; correct the address of %s"
              .formatted(address, actual, expected, expected),
          null);
    }
  }

  /** The two sides speak incompatible versions of the protocol. */
  public static final class VersionMismatch extends WireException {
    public VersionMismatch(String peer, int ours, int theirs) {
      super(
          "%s speaks protocol %d, this host %d; install the same version of hob on both"
              .formatted(peer, theirs, ours),
          null);
    }
  }

  /** One side does not want the connection or transfer; the reason is that side's own. */
  public static final class Refused extends WireException {
    /** Refuses a peer; an {@code Acceptor} throws this, and both sides see the reason. */
    public Refused(String reason) {
      super(reason, null);
    }

    public Refused(String peer, String reason) {
      super("refused by " + peer + ": " + reason, null);
    }
  }

  /** The bytes received are no message of this protocol. */
  public static final class BadFrame extends WireException {
    public BadFrame(String what) {
      super("not what hob sends: " + what, null);
    }

    public BadFrame(String what, Throwable cause) {
      super("not what hob sends: " + what + ": " + cause.getMessage(), cause);
    }
  }

  /** A message, or the metadata of a transfer, is longer than allowed. */
  public static final class TooLong extends WireException {
    public TooLong(String what, long bytes, int limit, String remedy) {
      super(
          "%s of %d bytes exceeds the limit of %d; %s".formatted(what, bytes, limit, remedy), null);
    }
  }

  /** The connection is closed; what was sent may or may not have arrived. */
  public static final class ConnectionLost extends WireException {
    public ConnectionLost(String peer, CloseCause cause) {
      super("connection to " + peer + " " + cause.describe(), throwableOf(cause));
    }

    private static @Nullable Throwable throwableOf(CloseCause cause) {
      return switch (cause) {
        case CloseCause.Lost(Throwable t) -> t;
        case CloseCause.Misspoken(WireException e) -> e;
        case CloseCause.ClosedHere(String _) -> null;
        case CloseCause.ClosedThere(String _) -> null;
        case CloseCause.Silent(Duration _) -> null;
      };
    }
  }

  /** No reply came in time; the peer may still carry out the request. */
  public static final class CallTimedOut extends WireException {
    public CallTimedOut(String peer, String request, Duration timeout) {
      super("%s did not answer %s within %d ms".formatted(peer, request, timeout.toMillis()), null);
    }
  }

  /** The peer answered a request with a failure. */
  public static final class CallFailed extends WireException {
    /** The peer does not know the type of the request: it runs an older hob. */
    public static final String UNKNOWN_TYPE = "UNKNOWN_TYPE";

    /** The peer's handler threw an unexpected exception. */
    public static final String INTERNAL = "INTERNAL";

    private final String kind;

    public CallFailed(String peer, String kind, String message) {
      super(peer + ": " + message, null);
      this.kind = kind;
    }

    /** A word for programs to tell failures apart, for example {@code UNKNOWN_TYPE}. */
    public String kind() {
      return kind;
    }
  }

  /** A bulk transfer ended before all of its bytes had arrived. */
  public static final class TransferBroken extends WireException {
    public TransferBroken(String why) {
      super("transfer broken: " + why, null);
    }

    public TransferBroken(String why, Throwable cause) {
      super("transfer broken: " + why + ": " + cause.getMessage(), cause);
    }
  }

  /** A chunk's checksum is wrong: the link or the memory of a host corrupts data. */
  public static final class CorruptChunk extends WireException {
    public CorruptChunk(long offset, int length) {
      super(
          "checksum of %d bytes at %d is wrong; check the link, or use TLS"
              .formatted(length, offset),
          null);
    }
  }
}
