package hob.bench.transfer;

import com.google.protobuf.BytesValue;
import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import hob.wire.Connection;
import hob.wire.Endpoint;
import hob.wire.Handler;
import hob.wire.Reply;
import hob.wire.bulk.BulkReceiver;
import hob.wire.bulk.Chunk;
import hob.wire.bulk.TransferToken;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Receives transfers and bare streams; a program. Prints {@code ready}, ends with its input.
 *
 * <p>A request with a token: expect that transfer, then say {@code done} when the consumer has had
 * all pieces. Any other request: the same back.
 */
final class TransferSink {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private TransferSink() {}

  /** Arguments: own address, directory with certificates. */
  public static void main(String[] args) throws IOException {
    ExecutorService consumers =
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
    try (Endpoint secure = Ports.secure("h2", Path.of(args[1]));
        Endpoint plain = Ports.plain("h2");
        ServerSocketChannel bare = ServerSocketChannel.open()) {
      secure.listen(
          new InetSocketAddress(args[0], Ports.TLS), _ -> new Announcements(secure, consumers));
      plain.listen(
          new InetSocketAddress(args[0], Ports.PLAIN), _ -> new Announcements(plain, consumers));
      bare.setOption(StandardSocketOptions.SO_RCVBUF, Ports.SOCKET_BUFFER_BYTES);
      bare.bind(new InetSocketAddress(args[0], Ports.BARE));
      Thread.ofPlatform().daemon().start(() -> acceptBare(bare));
      System.out.println("ready");
      while (System.in.read() >= 0) {
        // Only the end matters.
      }
    }
    consumers.shutdown();
  }

  private record Announcements(Endpoint endpoint, ExecutorService consumers) implements Handler {
    @Override
    public void message(Connection connection, Message message) {}

    @Override
    public void request(Connection connection, Message request, Reply reply) {
      if (request instanceof BytesValue token && token.getValue().size() == TransferToken.BYTES) {
        BulkReceiver receiver =
            endpoint.bulk().expect(TransferToken.of(token.getValue()), connection.peer().name());
        consumers.execute(() -> consume(connection, receiver));
      }
      reply.ok(request);
    }
  }

  private static void consume(Connection connection, BulkReceiver receiver) {
    try (receiver) {
      receiver.metadata(PATIENCE);
      long bytes = 0;
      for (Chunk c = receiver.next(PATIENCE); c != null; c = receiver.next(PATIENCE)) {
        bytes += c.data().byteSize();
      }
      if (bytes != receiver.totalBytes()) {
        throw new IOException("received " + bytes + " bytes of " + receiver.totalBytes());
      }
      connection.send(StringValue.of("done"));
    } catch (IOException | InterruptedException e) {
      connection.close("sink: " + e.getMessage());
    }
  }

  private static void acceptBare(ServerSocketChannel server) {
    try {
      while (true) {
        SocketChannel caller = server.accept();
        Thread.ofPlatform().daemon().start(() -> serveBare(caller));
      }
    } catch (IOException _) {
      // The benchmark is over.
    }
  }

  private static void serveBare(SocketChannel caller) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(Ports.PIECE_BYTES);
    try (caller) {
      caller.setOption(StandardSocketOptions.TCP_NODELAY, true);
      while (true) {
        readFully(caller, buffer.clear().limit(Ports.ECHO_BYTES));
        long length = buffer.flip().getLong(0);
        for (long left = length; left > 0; ) {
          left -= readSome(caller, buffer.clear().limit((int) Math.min(left, buffer.capacity())));
        }
        buffer.clear().limit(Ports.ECHO_BYTES);
        while (buffer.hasRemaining()) {
          caller.write(buffer);
        }
      }
    } catch (EOFException _) {
      // The source has done its work.
    } catch (IOException e) {
      System.err.println("sink: " + e.getMessage());
    }
  }

  private static void readFully(SocketChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      readSome(channel, buffer);
    }
  }

  private static int readSome(SocketChannel channel, ByteBuffer buffer) throws IOException {
    int n = channel.read(buffer);
    if (n < 0) {
      throw new EOFException();
    }
    return n;
  }
}
