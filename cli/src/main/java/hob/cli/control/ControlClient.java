package hob.cli.control;

import com.google.protobuf.Message;
import hob.cli.output.CommandFailure;
import hob.wire.Connection;
import hob.wire.Endpoint;
import hob.wire.Handler;
import hob.wire.MessageTypes;
import hob.wire.Reply;
import hob.wire.peer.HostInfo;
import hob.wire.peer.WireException;
import hob.wire.tls.IdentityException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/** A connection to a daemon's control socket. Any thread. */
public final class ControlClient implements AutoCloseable {
  /** The daemon of this host, unless HOB_SOCKET names another. */
  private static final Path USUAL_SOCKET = Path.of("/run/hob/hobd.sock");

  private final Endpoint endpoint;
  private final Connection connection;

  private ControlClient(Endpoint endpoint, Connection connection) {
    this.endpoint = endpoint;
    this.connection = connection;
  }

  /**
   * Connects to this host's daemon.
   *
   * @param replies prototypes of what will be received
   * @throws CommandFailure when there is none
   */
  public static ControlClient connect(Message... replies) {
    String named = System.getenv("HOB_SOCKET");
    return connect(named == null ? USUAL_SOCKET : Path.of(named), replies);
  }

  /**
   * Connects to a daemon.
   *
   * @param socket its control socket
   */
  public static ControlClient connect(Path socket, Message... replies) {
    if (!Files.exists(socket)) {
      throw new CommandFailure(
          "no daemon on this host: there is no "
              + socket
              + "; start one with: hob daemon"
              + testbedHint());
    }
    HostInfo self = new HostInfo("command", System.getProperty("os.arch"), 0, Set.of());
    try {
      Endpoint endpoint = Endpoint.builder(self, MessageTypes.of(replies)).open();
      try {
        return new ControlClient(
            endpoint, endpoint.connect(UnixDomainSocketAddress.of(socket), null, new Deaf()));
      } catch (WireException e) {
        endpoint.close();
        throw failure(socket, e);
      }
    } catch (IdentityException e) {
      throw new CommandFailure(e.getMessage(), e);
    }
  }

  private static CommandFailure failure(Path socket, WireException e) {
    return switch (e) {
      case WireException.Unreachable u when reason(u).contains("Permission denied") ->
          new CommandFailure("may not use " + socket + "; run it as root", u);
      case WireException.Unreachable u ->
          new CommandFailure(
              "the daemon does not answer at "
                  + socket
                  + ": "
                  + reason(u)
                  + "; start it with: hob daemon",
              u);
      default -> new CommandFailure(e.getMessage(), e);
    };
  }

  private static String reason(WireException.Unreachable e) {
    return e.getCause() == null ? e.getMessage() : String.valueOf(e.getCause().getMessage());
  }

  private static String testbedHint() {
    return Files.isDirectory(Path.of("/run/hob/testbed/default"))
        ? "; on the testbed's hosts there are: hob testbed exec h1 -- hob ..."
        : "; or try hosts on this machine: hob testbed up";
  }

  /**
   * Asks and waits.
   *
   * @throws CommandFailure with the daemon's own words when it refuses
   */
  public <T extends Message> T call(Message request, Class<T> reply, Duration patience) {
    try {
      return connection.call(request, reply, patience);
    } catch (WireException.CallFailed e) {
      // The daemon's words are one line for the user; whose they are goes without saying.
      String prefix = connection.peer().name() + ": ";
      throw new CommandFailure(
          e.getMessage().startsWith(prefix)
              ? e.getMessage().substring(prefix.length())
              : e.getMessage(),
          e);
    } catch (WireException e) {
      throw new CommandFailure(e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure("interrupted", e);
    }
  }

  @Override
  public void close() {
    connection.close();
    endpoint.close();
  }

  /** Nothing comes that was not asked for. */
  private static final class Deaf implements Handler {
    @Override
    public void message(Connection connection, Message message) {}

    @Override
    public void request(Connection connection, Message request, Reply reply) {
      reply.fail("UNSUPPORTED", "a command answers nothing");
    }
  }
}
