package hob.wire.link;

import hob.wire.fault.LinkFaults;
import hob.wire.peer.HostInfo;
import hob.wire.peer.Peer;
import hob.wire.peer.WireException;
import hob.wire.proto.Hello;
import hob.wire.tls.HostNames;
import hob.wire.tls.IdentityException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.jspecify.annotations.Nullable;

/**
 * Opens links, from either side: connect, TLS, greeting, all under one deadline.
 *
 * <p>Unix sockets never use TLS: the kernel says who is there. Any number of threads.
 */
public final class LinkOpener {
  private final HostInfo self;
  private final int version;
  private final @Nullable SSLContext tls;
  private final @Nullable LinkFaults faults;
  private final ScheduledExecutorService timer;
  private final Duration timeout;
  private final int bulkBufferBytes;

  /**
   * Makes an opener.
   *
   * @param tls null for plain links
   * @param timer closes links that are late
   * @param timeout for connecting and greeting together
   * @param bulkBufferBytes the kernel's buffer at each end of a bulk link
   */
  public LinkOpener(
      HostInfo self,
      int version,
      @Nullable SSLContext tls,
      @Nullable LinkFaults faults,
      ScheduledExecutorService timer,
      Duration timeout,
      int bulkBufferBytes) {
    this.self = self;
    this.version = version;
    this.tls = tls;
    this.faults = faults;
    this.timer = timer;
    this.timeout = timeout;
    this.bulkBufferBytes = bulkBufferBytes;
  }

  /** Says whether a caller is welcome; runs on the accepting thread, within the deadline. */
  public interface Admission {
    /**
     * Judges a peer that has said Hello.
     *
     * @throws WireException.Refused to turn it away; it will see the message
     */
    void admit(Peer peer, Hello.Kind kind) throws WireException.Refused;
  }

  /**
   * Calls a host.
   *
   * @param expected the host that must answer; null if any may
   */
  public OpenLink dial(SocketAddress address, @Nullable String expected, Hello.Kind kind)
      throws WireException {
    SocketChannel channel;
    try {
      channel =
          address instanceof UnixDomainSocketAddress
              ? SocketChannel.open(StandardProtocolFamily.UNIX)
              : SocketChannel.open();
    } catch (IOException e) {
      throw new WireException.Unreachable(address, e);
    }
    try (Deadline deadline = new Deadline(channel, address)) {
      try {
        if (kind == Hello.Kind.BULK && address instanceof InetSocketAddress) {
          channel.setOption(StandardSocketOptions.SO_SNDBUF, bulkBufferBytes);
        }
        channel.connect(address);
      } catch (IOException e) {
        throw deadline.passed() ? deadline.exception() : new WireException.Unreachable(address, e);
      }
      return deadline.guard(
          () -> open(channel, address, true, kind, (peer, _) -> expect(peer, expected)));
    }
  }

  /** Answers a caller. The channel is closed if this throws. */
  public OpenLink answer(ByteChannel channel, SocketAddress address, Admission admission)
      throws WireException {
    try (Deadline deadline = new Deadline(channel, address)) {
      return deadline.guard(
          () -> open(channel, address, false, Hello.Kind.MESSAGES, admission::admit));
    }
  }

  private interface Check {
    void check(Peer peer, Hello.Kind kind) throws WireException;
  }

  private static void expect(Peer peer, @Nullable String expected) throws WireException {
    if (expected != null && !expected.equals(peer.name())) {
      throw new WireException.WrongHost(peer.address(), expected, peer.name());
    }
  }

  private OpenLink open(
      ByteChannel channel, SocketAddress address, boolean dialed, Hello.Kind kind, Check check)
      throws IOException {
    Optional<UnixDomainPrincipal> principal = prepare(channel, address);
    PlainLink plain = new PlainLink(channel);
    Link link = plain;
    String certified = null;
    if (tls != null && !(address instanceof UnixDomainSocketAddress)) {
      TlsLink secure = new TlsLink(plain, tls, dialed);
      link = secure;
      try {
        secure.handshake();
        certified = HostNames.of(secure.peerCertificate());
      } catch (SSLException e) {
        secure.sendAlert();
        discard(plain, e);
        throw e;
      }
    }
    Meeting meeting = new Meeting(link, address, version);
    Meeting.Greeting greeting = meeting.greet(self, kind, certified, principal);
    Peer peer = greeting.peer();
    try {
      check.check(peer, greeting.kind());
    } catch (WireException e) {
      throw meeting.refuse(e);
    }
    // Before the verdict: when the caller's connect returns, faults know of both ends.
    Link used = faults == null ? link : faulty(link, peer.name(), faults);
    try {
      meeting.accept(peer.name());
    } catch (IOException e) {
      used.close();
      throw e;
    }
    return new OpenLink(used, peer, dialed ? kind : greeting.kind(), dialed);
  }

  private FaultyLink faulty(Link link, String peer, LinkFaults by) throws IOException {
    return new FaultyLink(link, by.opened(self.name(), peer, link));
  }

  private static void discard(PlainLink link, Exception reason) {
    try {
      Meeting.discard(link);
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
  }

  private static Optional<UnixDomainPrincipal> prepare(ByteChannel channel, SocketAddress address)
      throws IOException {
    if (!(channel instanceof SocketChannel socket)) {
      return Optional.empty();
    }
    if (address instanceof UnixDomainSocketAddress) {
      return Optional.of(socket.getOption(ExtendedSocketOptions.SO_PEERCRED));
    }
    socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
    // An idle bulk link has nobody who reads; the kernel finds out when its peer is gone.
    socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, 10);
    socket.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, 5);
    socket.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 3);
    return Optional.empty();
  }

  private interface Opening {
    OpenLink open() throws IOException;
  }

  /** Closes a channel that is not open for use in time, or at all. */
  private final class Deadline implements AutoCloseable {
    private final ByteChannel channel;
    private final SocketAddress address;
    private final AtomicBoolean over = new AtomicBoolean();
    private final ScheduledFuture<?> alarm;
    private boolean keep;

    Deadline(ByteChannel channel, SocketAddress address) {
      this.channel = channel;
      this.address = address;
      alarm = timer.schedule(this::ring, timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void ring() {
      if (over.compareAndSet(false, true)) {
        new PlainLink(channel).close();
      }
    }

    boolean passed() {
      return over.get();
    }

    WireException exception() {
      return new WireException.Unreachable(
          address,
          new SocketTimeoutException(
              "no proper answer within %d ms".formatted(timeout.toMillis())));
    }

    /** Runs {@code opening} and turns whatever goes wrong into an error of this module. */
    OpenLink guard(Opening opening) throws WireException {
      try {
        OpenLink open = opening.open();
        keep = over.compareAndSet(false, true);
        if (!keep) {
          throw exception();
        }
        return open;
      } catch (WireException e) {
        throw e;
      } catch (IOException e) {
        if (passed()) {
          throw exception();
        }
        throw switch (e) {
          case SSLException ssl -> TrustFailure.explain(address, ssl);
          case IdentityException id -> new WireException.Untrusted(address, id.getMessage(), id);
          default -> new WireException.Unreachable(address, e);
        };
      }
    }

    @Override
    public void close() {
      alarm.cancel(false);
      if (!keep) {
        new PlainLink(channel).close();
      }
    }
  }
}
