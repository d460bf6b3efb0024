package hob.cli;

import com.google.protobuf.Message;
import hob.wire.Connection;
import hob.wire.Endpoint;
import hob.wire.Handler;
import hob.wire.MessageTypes;
import hob.wire.Reply;
import hob.wire.peer.HostInfo;
import hob.wire.peer.WireException;
import hob.wire.proto.AbandonReply;
import hob.wire.proto.AdoptReply;
import hob.wire.proto.FaultReply;
import hob.wire.proto.HostsReply;
import hob.wire.proto.ImageReply;
import hob.wire.proto.LogReply;
import hob.wire.proto.MigrateReply;
import hob.wire.proto.PsReply;
import hob.wire.proto.StatusReply;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/** The daemon of a host, by way of its control socket. Any thread. */
public final class Daemon implements AutoCloseable {
  /** Where the daemon of this host is to be found, unless the environment says otherwise. */
  public static final Path USUAL_SOCKET = Path.of("/run/hob/hobd.sock");

  /** Environment variable that names another socket. */
  public static final String SOCKET_VARIABLE = "HOB_SOCKET";

  /** Migrations of large processes over slow links take long. */
  private static final Duration PATIENCE = Duration.ofHours(1);

  private final Endpoint endpoint;
  private final Connection connection;

  private Daemon(Endpoint endpoint, Connection connection) {
    this.endpoint = endpoint;
    this.connection = connection;
  }

  /** The socket that commands use. */
  public static Path socket() {
    String named = System.getenv(SOCKET_VARIABLE);
    return named == null || named.isEmpty() ? USUAL_SOCKET : Path.of(named);
  }

  /** Connects to this host's daemon. */
  public static Daemon connect() throws DaemonException {
    return connect(socket());
  }

  /** Connects to the daemon behind a socket. */
  public static Daemon connect(Path socket) throws DaemonException {
    if (!Files.exists(socket)) {
      throw new DaemonException(
          ExitStatus.UNREACHABLE,
          "no daemon runs here: %s is missing; start it with: hob daemon".formatted(socket));
    }
    HostInfo self =
        new HostInfo(
            "command", System.getProperty("os.arch"), ProcessHandle.current().pid(), Set.of());
    Endpoint endpoint = null;
    try {
      endpoint = Endpoint.builder(self, replies()).open();
      return new Daemon(
          endpoint, endpoint.connect(UnixDomainSocketAddress.of(socket), null, new Deaf()));
    } catch (IOException e) {
      if (endpoint != null) {
        endpoint.close();
      }
      throw new DaemonException(
          ExitStatus.UNREACHABLE,
          "the daemon does not answer: %s; is it running?".formatted(e.getMessage()));
    }
  }

  private static MessageTypes replies() {
    return MessageTypes.of(
        MigrateReply.getDefaultInstance(),
        AdoptReply.getDefaultInstance(),
        AbandonReply.getDefaultInstance(),
        ImageReply.getDefaultInstance(),
        PsReply.getDefaultInstance(),
        HostsReply.getDefaultInstance(),
        LogReply.getDefaultInstance(),
        StatusReply.getDefaultInstance(),
        FaultReply.getDefaultInstance());
  }

  /** Sends a request and waits for the reply. */
  public <T extends Message> T call(Message request, Class<T> reply) throws DaemonException {
    try {
      return connection.call(request, reply, PATIENCE);
    } catch (WireException.CallFailed e) {
      throw new DaemonException(ExitStatus.of(e.kind()), withoutHost(e.getMessage()));
    } catch (WireException e) {
      throw new DaemonException(ExitStatus.UNREACHABLE, e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new DaemonException(ExitStatus.FAILED, "interrupted");
    }
  }

  /** The line begins with the name of the host that answered, once for each that passed it on. */
  private static String withoutHost(String line) {
    String rest = line;
    for (int colon = rest.indexOf(": ");
        colon > 0 && HostInfo.isName(rest.substring(0, colon));
        colon = rest.indexOf(": ")) {
      rest = rest.substring(colon + 2);
    }
    return rest;
  }

  @Override
  public void close() {
    connection.close();
    endpoint.close();
  }

  /** Expects nothing but replies. */
  private static final class Deaf implements Handler {
    @Override
    public void message(Connection connection, Message message) {
      // A later daemon may say more than this command wants to know.
    }

    @Override
    public void request(Connection connection, Message request, Reply reply) {
      reply.fail(WireException.CallFailed.UNKNOWN_TYPE, "a command answers no requests");
    }
  }
}
