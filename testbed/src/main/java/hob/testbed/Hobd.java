package hob.testbed;

import com.google.protobuf.Message;
import hob.wire.Connection;
import hob.wire.Endpoint;
import hob.wire.Handler;
import hob.wire.MessageTypes;
import hob.wire.Reply;
import hob.wire.peer.HostInfo;
import hob.wire.peer.WireException;
import hob.wire.proto.StatusReply;
import hob.wire.proto.StatusRequest;
import hob.wire.tls.CertificateAuthority;
import hob.wire.tls.IdentityException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** What the testbed knows about hobd, as against any other daemon. */
final class Hobd {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private Hobd() {}

  /** Gives each host a certificate of an authority whose key nobody keeps. */
  static void issueCertificates(List<HostConfig> hosts) {
    try {
      CertificateAuthority authority = CertificateAuthority.create();
      for (HostConfig host : hosts) {
        authority.issue(host.name()).save(host.tls());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Asks the daemon itself. */
  static boolean ready(Path controlSocket) {
    if (!Files.exists(controlSocket)) {
      return false; // cheaper than to try
    }
    HostInfo self = new HostInfo("testbed", System.getProperty("os.arch"), 0, Set.of());
    try (Endpoint endpoint =
            Endpoint.builder(self, MessageTypes.of(StatusReply.getDefaultInstance())).open();
        Connection daemon =
            endpoint.connect(UnixDomainSocketAddress.of(controlSocket), null, new Deaf())) {
      return daemon
          .call(StatusRequest.getDefaultInstance(), StatusReply.class, PATIENCE)
          .getReady();
    } catch (IdentityException e) {
      throw new UncheckedIOException(e);
    } catch (WireException e) {
      return false; // not yet
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TestbedException("interrupted", e);
    }
  }

  /** A daemon tells commands nothing that they did not ask. */
  private static final class Deaf implements Handler {
    @Override
    public void message(Connection connection, Message message) {}

    @Override
    public void request(Connection connection, Message request, Reply reply) {}
  }
}
