package hob.wire;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;

/**
 * Accepts connections at one address until it is closed; connections outlive it.
 *
 * <p>One thread accepts; each caller then gets a thread of its own, which later reads the
 * connection. Callers that have not proved who they are yet are limited in number.
 */
public final class Listener implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Listener.class.getName());
  private static final int BACKLOG = 256;
  private static final int MAX_GREETINGS = 128;
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final ServerSocketChannel server;
  private final SocketAddress address;
  private final Caller caller;
  private final Semaphore greetings = new Semaphore(MAX_GREETINGS);

  /** Answers one caller; {@code greeted} is run when its handshake is over. */
  interface Caller {
    void answer(SocketChannel channel, SocketAddress from, Runnable greeted);
  }

  private Listener(ServerSocketChannel server, Caller caller) throws IOException {
    this.server = server;
    this.address = server.getLocalAddress();
    this.caller = caller;
  }

  /** Listens; the file of a unix socket that nobody answers any more is replaced. */
  static Listener open(SocketAddress address, int bufferBytes, Caller caller) throws IOException {
    ServerSocketChannel server;
    if (address instanceof UnixDomainSocketAddress unix) {
      removeStale(unix);
      server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    } else {
      server = ServerSocketChannel.open();
      server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      // The window's scale is agreed on at SYN, so accepted sockets inherit the size from here.
      server.setOption(StandardSocketOptions.SO_RCVBUF, bufferBytes);
    }
    try {
      server.bind(address, BACKLOG);
      Listener listener = new Listener(server, caller);
      Thread.ofPlatform()
          .daemon()
          .name("wire-accept-" + listener.address)
          .start(listener::acceptAll);
      return listener;
    } catch (IOException e) {
      server.close();
      throw e;
    }
  }

  /** Where it listens; with the real port if port 0 was asked for. */
  public SocketAddress address() {
    return address;
  }

  @Override
  public void close() {
    try {
      server.close();
      if (address instanceof UnixDomainSocketAddress unix) {
        Files.deleteIfExists(unix.getPath());
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "closing the listener at " + address + " failed", e);
    }
  }

  private void acceptAll() {
    while (server.isOpen()) {
      greetings.acquireUninterruptibly();
      try {
        greet(server.accept());
      } catch (ClosedChannelException _) {
        return;
      } catch (IOException e) {
        // Out of descriptors or pids, most likely: they may come back.
        greetings.release();
        LOG.log(Level.WARNING, "accepting at " + address + " failed; trying again", e);
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private void greet(SocketChannel channel) throws IOException {
    SocketAddress from;
    try {
      from = address instanceof UnixDomainSocketAddress ? address : channel.getRemoteAddress();
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    try {
      Thread.ofPlatform()
          .daemon()
          .name("wire-greet-" + from)
          .start(() -> caller.answer(channel, from, greetings::release));
    } catch (OutOfMemoryError e) {
      // What the JVM says when the host is out of pids.
      channel.close();
      throw new IOException("no thread for " + from, e);
    }
  }

  private static void removeStale(UnixDomainSocketAddress address) throws IOException {
    Path path = address.getPath();
    if (!Files.exists(path)) {
      return;
    }
    if (!Files.readAttributes(path, BasicFileAttributes.class).isOther()) {
      throw new IOException(path + " exists and is no socket; choose another path");
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.connect(address);
    } catch (IOException _) {
      Files.deleteIfExists(path);
      return;
    }
    throw new IOException("another process listens at " + address + "; stop it first");
  }
}
