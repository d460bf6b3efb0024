package hob.wire.bulk;

import hob.wire.TestHosts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Passes one connection on and flips a bit of one byte that the caller sends. */
final class FlippingProxy implements AutoCloseable {
  private final ServerSocketChannel server;
  private final long position;
  private final List<SocketChannel> ends = new CopyOnWriteArrayList<>();

  FlippingProxy(SocketAddress to, long position) throws IOException {
    this.position = position;
    server = ServerSocketChannel.open().bind(TestHosts.anyPort());
    Thread.ofPlatform().daemon().start(() -> serve(to));
  }

  SocketAddress address() throws IOException {
    return server.getLocalAddress();
  }

  private void serve(SocketAddress to) {
    try {
      SocketChannel caller = server.accept();
      ends.add(caller);
      SocketChannel host = SocketChannel.open(to);
      ends.add(host);
      Thread.ofPlatform().daemon().start(() -> pass(host, caller, -1));
      pass(caller, host, position);
    } catch (IOException _) {
      // The test is over.
    }
  }

  private static void pass(SocketChannel from, SocketChannel to, long flip) {
    ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
    long at = 0;
    try {
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer.clear())) {
        if (flip >= at && flip < at + n) {
          int index = (int) (flip - at);
          buffer.put(index, (byte) (buffer.get(index) ^ 4));
        }
        at += n;
        buffer.flip();
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
      }
      // The other way stays open: a receiver that refuses still reads for a while.
      to.shutdownOutput();
    } catch (IOException _) {
      // Either side hung up.
      hangUp(from);
      hangUp(to);
    }
  }

  private static void hangUp(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    ends.forEach(FlippingProxy::hangUp);
  }
}
