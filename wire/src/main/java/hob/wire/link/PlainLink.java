package hob.wire.link;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.SocketChannel;

/** A channel as it is: for unix sockets, tests and benchmarks. */
public final class PlainLink implements Link {
  private static final System.Logger LOG = System.getLogger(PlainLink.class.getName());

  private final ByteChannel channel;

  /** Takes over a connected channel in blocking mode. */
  public PlainLink(ByteChannel channel) {
    this.channel = channel;
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    return channel.read(dst);
  }

  @Override
  public void write(ByteBuffer... srcs) throws IOException {
    if (srcs.length > 1 && channel instanceof GatheringByteChannel gathering) {
      while (srcs[srcs.length - 1].hasRemaining()) {
        gathering.write(srcs);
      }
    }
    for (ByteBuffer src : srcs) {
      while (src.hasRemaining()) {
        channel.write(src);
      }
    }
  }

  @Override
  public boolean isQuiet() {
    if (!(channel instanceof SocketChannel socket)) {
      return channel.isOpen();
    }
    try {
      socket.configureBlocking(false);
      boolean quiet = socket.read(ByteBuffer.allocate(1)) == 0;
      socket.configureBlocking(true);
      return quiet;
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "an idle link has broken", e);
      return false;
    }
  }

  @Override
  public boolean isSecure() {
    return false;
  }

  @Override
  public void endOutput() throws IOException {
    if (channel instanceof SocketChannel socket) {
      socket.shutdownOutput();
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "closing a link failed", e);
    }
  }
}
