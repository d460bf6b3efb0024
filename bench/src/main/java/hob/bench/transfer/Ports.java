package hob.bench.transfer;

import com.google.protobuf.BytesValue;
import com.google.protobuf.StringValue;
import hob.wire.Endpoint;
import hob.wire.MessageTypes;
import hob.wire.peer.HostInfo;
import hob.wire.tls.Identity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** What source and sink have in common. */
final class Ports {
  static final int TLS = 7001;
  static final int PLAIN = 7002;
  static final int BARE = 7003;

  /** Both the bare socket's and the page stream's piece. */
  static final int PIECE_BYTES = 1 << 20;

  /** The buffers of the bare socket, as large as those of page streams. */
  static final int SOCKET_BUFFER_BYTES = 4 << 20;

  static final int ECHO_BYTES = 64;

  private Ports() {}

  /** An endpoint with the certificate in {@code dir}/{@code host}. */
  static Endpoint secure(String host, Path dir) throws IOException {
    return builder(host).identity(Identity.load(dir.resolve(host))).open();
  }

  static Endpoint plain(String host) throws IOException {
    return builder(host).open();
  }

  private static Endpoint.Builder builder(String host) {
    return Endpoint.builder(
        new HostInfo(host, System.getProperty("os.arch"), ProcessHandle.current().pid(), Set.of()),
        MessageTypes.of(BytesValue.getDefaultInstance(), StringValue.getDefaultInstance()));
  }
}
