package hob.wire;

import com.google.protobuf.BytesValue;
import com.google.protobuf.Int64Value;
import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import hob.wire.peer.CloseCause;
import hob.wire.peer.HostInfo;
import hob.wire.tls.CertificateAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;

/** Hosts of one cluster, all in this JVM. */
public final class TestHosts implements AutoCloseable {
  public static final Duration SOON = Duration.ofSeconds(20);
  public static final MessageTypes TYPES =
      MessageTypes.of(
          StringValue.getDefaultInstance(),
          Int64Value.getDefaultInstance(),
          BytesValue.getDefaultInstance());

  public final CertificateAuthority authority;
  private final Collection<Endpoint> endpoints = new ArrayList<>();

  public TestHosts() throws IOException {
    authority = CertificateAuthority.create();
  }

  public static HostInfo info(String name) {
    return new HostInfo(
        name, "x86_64", ThreadLocalRandom.current().nextLong(), Set.of("zstd", "precopy"));
  }

  public static StringValue text(String value) {
    return StringValue.of(value);
  }

  /** A builder for a host with a certificate of this cluster. */
  public Endpoint.Builder secure(String name) throws IOException {
    return plain(name).identity(authority.issue(name));
  }

  public static Endpoint.Builder plain(String name) {
    return Endpoint.builder(info(name), TYPES);
  }

  /** Opens a host; it is closed with this. */
  public Endpoint open(Endpoint.Builder builder) throws IOException {
    Endpoint endpoint = builder.open();
    endpoints.add(endpoint);
    return endpoint;
  }

  public static SocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  @Override
  public void close() {
    endpoints.forEach(Endpoint::close);
  }

  /** Keeps all it hears and answers each request with the request. */
  public static final class Recorder implements Handler {
    public final BlockingQueue<Message> messages = new LinkedBlockingQueue<>();
    public final CompletableFuture<Connection> opened = new CompletableFuture<>();
    public final CompletableFuture<CloseCause> closed = new CompletableFuture<>();
    public final List<CloseCause> causes = new ArrayList<>();

    /** Has heard nothing yet. */
    public Recorder() {}

    @Override
    public void opened(Connection connection) {
      opened.complete(connection);
    }

    @Override
    public void message(Connection connection, Message message) {
      messages.add(message);
    }

    @Override
    public void request(Connection connection, Message request, Reply reply) {
      reply.ok(request);
    }

    @Override
    public void closed(Connection connection, CloseCause cause) {
      causes.add(cause);
      closed.complete(cause);
    }
  }
}
