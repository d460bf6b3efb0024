package hob.bench.files;

import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import hob.bench.BenchContext;
import hob.files.abroad.FileMount;
import hob.files.home.Credentials;
import hob.wire.Connection;
import hob.wire.Endpoint;
import hob.wire.Handler;
import hob.wire.Reply;
import hob.wire.peer.CloseCause;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A foreign host with one mount of a {@link Home}'s files, and nothing else. Any thread. */
public final class Abroad implements AutoCloseable {
  private static final int MOUNT = 1;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Connection connection;
  private final Side side = new Side();
  private final FileMount mount;
  private volatile Consumer<Message> listener = _ -> {};

  private Abroad(
      Endpoint endpoint,
      SocketAddress address,
      String home,
      Path root,
      Path at,
      Credentials user,
      FileMount.Options options)
      throws IOException {
    connection = endpoint.connect(address, home, side);
    String groups =
        Arrays.stream(user.groups()).mapToObj(g -> "," + g).collect(Collectors.joining());
    String attach = "attach %d %d %d%s %s".formatted(MOUNT, user.uid(), user.gid(), groups, root);
    try {
      connection.call(StringValue.of(attach), StringValue.class, PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    mount = FileMount.open(home, MOUNT, at, connection::sendFrame, options);
    side.mount = mount;
    side.ready.complete(mount);
  }

  /**
   * Connects and mounts.
   *
   * @param root directory of the home
   * @param at existing directory here
   * @throws IOException if the home cannot be reached or refuses
   */
  public static Abroad open(
      Endpoint endpoint,
      SocketAddress address,
      String home,
      Path root,
      Path at,
      Credentials user,
      FileMount.Options options)
      throws IOException {
    return new Abroad(endpoint, address, home, root, at, user, options);
  }

  /** The mount. */
  public FileMount mount() {
    return mount;
  }

  /** Who hears of messages from home, once all that was known before them is in effect here. */
  public void listen(Consumer<Message> to) {
    listener = to;
  }

  /**
   * Tells the home something on behalf of a process here; returns when the home has heard, and has
   * made all changes before it.
   */
  public void tell(boolean mappings) throws IOException {
    mount.barrier(mappings);
    call("told");
  }

  /** The median time of {@code count} round trips on the connection. */
  double pingMicros(int count) throws IOException {
    double[] micros = new double[count];
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      call("ping");
      micros[i] = (System.nanoTime() - start) / 1e3;
    }
    return BenchContext.median(micros);
  }

  /** What the connection carries when nobody does anything with it. */
  double streamMegabytesPerSecond(int megabytes) throws IOException {
    long start = System.nanoTime();
    call("stream " + megabytes);
    return (double) (megabytes << 20) * 1e3 / (System.nanoTime() - start);
  }

  private void call(String what) throws IOException {
    try {
      connection.call(StringValue.of(what), StringValue.class, PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private final class Side implements Handler {
    private final CompletableFuture<FileMount> ready = new CompletableFuture<>();
    private volatile @Nullable FileMount mount;

    @Override
    public void message(Connection from, Message message) {
      FileMount is = mount;
      if (is != null) {
        is.afterNotices(() -> listener.accept(message));
      }
    }

    @Override
    public void request(Connection from, Message request, Reply reply) {
      reply.fail("unknown", "nobody answers here");
    }

    @Override
    public void frame(Connection from, ByteBuffer body) {
      if (body.get(body.position()) == 0) {
        return; // A piece of a bare stream.
      }
      FileMount is = mount == null ? ready.join() : mount;
      is.frame(body);
    }

    @Override
    public void closed(Connection from, CloseCause cause) {
      var _ = ready.thenAccept(FileMount::close);
    }
  }

  @Override
  public void close() {
    mount.close();
    connection.close();
  }
}
