package hob.bench.files;

import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import hob.files.home.Credentials;
import hob.files.home.FileServer;
import hob.files.home.Guests;
import hob.wire.Connection;
import hob.wire.Endpoint;
import hob.wire.Handler;
import hob.wire.Listener;
import hob.wire.Reply;
import hob.wire.peer.CloseCause;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A home that serves files and nothing else.
 *
 * <p>Requests are text: {@code attach MOUNT UID GID[,GID]... ROOT} takes in a guest, {@code
 * flushed} is answered when all that came before has been done. Any thread.
 */
public final class Home implements AutoCloseable {
  private final FileServer server;
  private final Listener listener;
  private final boolean drain;
  private final Map<String, Visitor> visitors = new ConcurrentHashMap<>();

  private Home(Endpoint endpoint, SocketAddress address, FileServer server, boolean drain)
      throws IOException {
    this.server = server;
    this.drain = drain;
    listener = endpoint.listen(address, peer -> new Visitor());
  }

  /**
   * Listens.
   *
   * @param drain whether {@link #tell} is a barrier, as it must be
   */
  public static Home open(
      Endpoint endpoint, SocketAddress address, FileServer server, boolean drain)
      throws IOException {
    return new Home(endpoint, address, server, drain);
  }

  /** Where it listens. */
  public int port() {
    return ((InetSocketAddress) listener.address()).getPort();
  }

  /**
   * Sends a message about a process: whatever happened to files before it is known there when it
   * arrives.
   */
  public void tell(String host, Message message) throws IOException {
    Visitor visitor = visitors.get(host);
    if (visitor == null) {
      throw new IOException(host + " is not connected");
    }
    visitor.tell(message);
  }

  /** One foreign host. */
  private final class Visitor implements Handler {
    private final CompletableFuture<Connection> connection = new CompletableFuture<>();
    private final Guests guests = new Guests(server, frame -> connection.join().sendFrame(frame));

    @Override
    public void opened(Connection opened) {
      connection.complete(opened);
      visitors.put(opened.peer().name(), this);
    }

    void tell(Message message) throws IOException {
      if (drain) {
        guests.barrier();
      }
      connection.join().send(message);
    }

    @Override
    public void message(Connection from, Message message) {}

    @Override
    public void request(Connection from, Message message, Reply reply) {
      String[] words = ((StringValue) message).getValue().split(" ", 5);
      switch (words[0]) {
        case "attach" ->
            Thread.ofPlatform().daemon().name("files-attach").start(() -> attach(words, reply));
        case "ping" -> reply.ok(message);
        case "stream" ->
            Thread.ofPlatform().daemon().start(() -> stream(Integer.parseInt(words[1]), reply));
        case "told" -> guests.afterChanges(() -> reply.ok(message));
        default -> reply.fail("unknown", words[0]);
      }
    }

    /** The bare connection, with frames as large as those of files. */
    private void stream(int megabytes, Reply reply) {
      ByteBuffer piece = ByteBuffer.allocateDirect(1 << 20);
      try {
        for (int i = 0; i < megabytes; i++) {
          connection.join().sendFrame(piece.clear());
        }
        reply.ok(StringValue.of("streamed"));
      } catch (IOException e) {
        reply.fail("lost", String.valueOf(e.getMessage()));
      }
    }

    private void attach(String[] words, Reply reply) {
      int[] groups = Arrays.stream(words[3].split(",")).mapToInt(Integer::parseInt).toArray();
      Credentials user = new Credentials(Integer.parseInt(words[2]), groups[0], groups);
      try {
        guests.invite(Integer.parseInt(words[1]), Path.of(words[4]), user);
        reply.ok(StringValue.of("attached"));
      } catch (RuntimeException e) {
        reply.fail("refused", String.valueOf(e.getMessage()));
      }
    }

    @Override
    public void frame(Connection from, ByteBuffer body) {
      guests.frame(body);
    }

    @Override
    public void closed(Connection from, CloseCause cause) {
      visitors.remove(from.peer().name(), this);
      guests.close();
    }
  }

  @Override
  public void close() {
    listener.close();
    server.close();
  }
}
