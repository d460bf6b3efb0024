package hob.bench.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.Message;
import hob.bench.BenchContext;
import hob.wire.Connection;
import hob.wire.Endpoint;
import hob.wire.Handler;
import hob.wire.Reply;
import hob.wire.bulk.BulkSender;
import hob.wire.bulk.BulkTransfers;
import hob.wire.bulk.TransferToken;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.Semaphore;

/**
 * Sends transfers and bare streams and takes the time; a program.
 *
 * <p>Each line of input is a job, each line of output its time in nanoseconds:
 *
 * <pre>
 *   bare BYTES               a stream over a bare socket, until the receiver has confirmed it
 *   tls|plain BYTES N        a transfer over N connections, until its consumer has had all of it;
 *                            N is auto for as many as the daemon would use
 *   bare-echo|tls-echo|plain-echo N     a round trip of 64 bytes, the median of N
 * </pre>
 */
final class TransferSource {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** What an image of a small process is like. */
  private static final int METADATA_BYTES = 4 << 10;

  private final InetSocketAddress secureSink;
  private final InetSocketAddress plainSink;
  private final Endpoint secure;
  private final Endpoint plain;
  private final Done secureDone = new Done();
  private final Done plainDone = new Done();
  private final Connection toSecure;
  private final Connection toPlain;
  private final SocketChannel bare = SocketChannel.open();
  private final MemorySegment pages = Arena.global().allocate(16L << 20);
  private final ByteBuffer echo = ByteBuffer.allocateDirect(Ports.ECHO_BYTES);

  private TransferSource(String sink, Path certificates) throws IOException {
    secureSink = new InetSocketAddress(sink, Ports.TLS);
    plainSink = new InetSocketAddress(sink, Ports.PLAIN);
    secure = Ports.secure("h1", certificates);
    plain = Ports.plain("h1");
    toSecure = secure.connect(secureSink, "h2", secureDone);
    toPlain = plain.connect(plainSink, "h2", plainDone);
    bare.setOption(StandardSocketOptions.SO_SNDBUF, Ports.SOCKET_BUFFER_BYTES);
    bare.connect(new InetSocketAddress(sink, Ports.BARE));
    bare.setOption(StandardSocketOptions.TCP_NODELAY, true);
    // No page is like another, and none is zero.
    byte[] random = new byte[(int) pages.byteSize()];
    new Random(1).nextBytes(random);
    pages.copyFrom(MemorySegment.ofArray(random));
  }

  /** Counts what the sink's consumer has had. */
  private static final class Done implements Handler {
    private final Semaphore count = new Semaphore(0);

    @Override
    public void message(Connection connection, Message message) {
      count.release();
    }

    @Override
    public void request(Connection connection, Message request, Reply reply) {}
  }

  /** Arguments: the sink's address, directory with certificates. */
  public static void main(String[] args) throws IOException, InterruptedException {
    TransferSource source = new TransferSource(args[0], Path.of(args[1]));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    System.out.println("ready");
    for (String job = in.readLine(); job != null; job = in.readLine()) {
      System.out.println(source.run(job.split(" ", -1)));
    }
    source.secure.close();
    source.plain.close();
  }

  private long run(String[] job) throws IOException, InterruptedException {
    return switch (job[0]) {
      case "bare" -> sendBare(Long.parseLong(job[1]));
      case "bare-echo" -> median(Integer.parseInt(job[1]), () -> sendBare(0));
      case "tls" ->
          transfer(
              secure, toSecure, secureSink, secureDone, Long.parseLong(job[1]), connections(job));
      case "plain" ->
          transfer(plain, toPlain, plainSink, plainDone, Long.parseLong(job[1]), connections(job));
      case "tls-echo" -> median(Integer.parseInt(job[1]), () -> echo(toSecure));
      case "plain-echo" -> median(Integer.parseInt(job[1]), () -> echo(toPlain));
      default -> throw new IllegalArgumentException("no job is called " + job[0]);
    };
  }

  private static int connections(String[] job) {
    return job[2].equals("auto")
        ? BulkTransfers.connectionsFor(Long.parseLong(job[1]))
        : Integer.parseInt(job[2]);
  }

  private interface Job {
    long nanos() throws IOException, InterruptedException;
  }

  private static long median(int count, Job job) throws IOException, InterruptedException {
    double[] nanos = new double[count];
    for (int i = 0; i < count; i++) {
      nanos[i] = job.nanos();
    }
    return (long) BenchContext.median(nanos);
  }

  private long sendBare(long bytes) throws IOException {
    ByteBuffer all = pages.asByteBuffer();
    long start = System.nanoTime();
    write(echo.clear().putLong(0, bytes));
    long at = 0;
    while (at < bytes) {
      int from = (int) (at % all.capacity());
      int size = (int) Math.min(Math.min(Ports.PIECE_BYTES, bytes - at), all.capacity() - from);
      write(all.limit(from + size).position(from));
      at += size;
    }
    echo.clear();
    while (echo.hasRemaining()) {
      if (bare.read(echo) < 0) {
        throw new EOFException("the sink has gone");
      }
    }
    return System.nanoTime() - start;
  }

  private void write(ByteBuffer data) throws IOException {
    while (data.hasRemaining()) {
      bare.write(data);
    }
  }

  private long transfer(
      Endpoint endpoint,
      Connection connection,
      InetSocketAddress sink,
      Done done,
      long bytes,
      int connections)
      throws IOException, InterruptedException {
    endpoint.bulk().warm(sink, "h2", connections);
    TransferToken token = TransferToken.random();
    ByteBuffer metadata = ByteBuffer.allocate(METADATA_BYTES);
    // Announced while the target prepares, long before a process is frozen.
    connection.call(BytesValue.of(token.toBytes()), BytesValue.class, PATIENCE);
    long piece = Ports.PIECE_BYTES * (long) (connections == 1 ? 1 : 4);
    long start = System.nanoTime();
    try (BulkSender sender =
        endpoint.bulk().open(sink, "h2", token, bytes, metadata, connections)) {
      while (sender.sent() < bytes) {
        long from = sender.sent() % pages.byteSize();
        long size = Math.min(Math.min(piece, bytes - sender.sent()), pages.byteSize() - from);
        sender.send(pages.asSlice(from, size));
      }
      sender.finish();
    }
    done.count.acquire();
    return System.nanoTime() - start;
  }

  private static long echo(Connection connection) throws IOException, InterruptedException {
    BytesValue message = BytesValue.of(ByteString.copyFrom(new byte[Ports.ECHO_BYTES]));
    long start = System.nanoTime();
    connection.call(message, BytesValue.class, PATIENCE);
    return System.nanoTime() - start;
  }
}
