package hob.image;

import hob.image.proto.InetSocket;
import hob.image.proto.TcpOutside;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Socket;
import hob.linux.Sys;
import hob.linux.TcpRepair;
import hob.linux.net.Diversion;
import hob.linux.net.IpPacket;
import hob.linux.net.RawSender;
import java.util.Arrays;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection whose other end is none of the tree's, by TCP_REPAIR: with the numbers, queues
 * and agreements that it had. Until {@link #commit} it says nothing, and if it is closed before,
 * nobody hears of it. Made in the tree's network namespace; later calls by any thread.
 */
final class OutsideConnection implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(OutsideConnection.class.getName());
  private static final int SO_BUF_LOCK = 72;
  private static final int CLOSING = 11;

  private final InetSocket image;
  private final Fd socket;
  private final @Nullable RawSender sender;
  private final byte[] unsent;

  /** Makes it. */
  OutsideConnection(InetSocket image) {
    this.image = image;
    this.socket = InetSocketsMade.bound(image, true);
    TcpOutside outside = image.getOutside();
    byte[] sent = image.getSent().toByteArray();
    int data = Math.min(sent.length, outside.getUnsent() - (unsentEnd() ? 1 : 0));
    this.unsent = Arrays.copyOfRange(sent, sent.length - data, sent.length);
    int received = image.getReceiveSequence() - (image.getEndReceived() ? 1 : 0);
    TcpPair.connect(
        socket, firstSent(), received - image.getReceived().size(), image.getPeer(), agreed());
    TcpPair.fill(socket, TcpRepair.RECEIVE_QUEUE, image.getReceived().toByteArray());
    TcpPair.fill(socket, TcpRepair.SEND_QUEUE, Arrays.copyOf(sent, sent.length - data));
    if (!image.getEndReceived() && !outside.getWindow().isEmpty()) {
      window(outside.getWindow().toByteArray());
    }
    this.sender = image.getEndReceived() ? RawSender.here(Diversion.MARK) : null;
  }

  private boolean unsentEnd() {
    return image.getEndSent() && image.getOutside().getUnsent() > 0;
  }

  /** Number of the first byte that the other end has not acknowledged. */
  private int firstSent() {
    return image.getSendSequence() - (image.getEndSent() ? 1 : 0) - image.getSent().size();
  }

  private TcpRepair.Agreed agreed() {
    TcpOutside o = image.getOutside();
    return new TcpRepair.Agreed(
        o.getMss(),
        o.getWindowScales(),
        o.getSelective(),
        o.hasTimestamp() ? OptionalInt.of(o.getTimestamp()) : OptionalInt.empty());
  }

  private void window(byte[] window) {
    try {
      TcpRepair.window(socket, window);
    } catch (LinuxException e) {
      if (e.errno() != Errno.EINVAL) {
        throw e;
      }
      // The other end tells it again.
      LOG.log(System.Logger.Level.DEBUG, "a window that does not fit: {0}", e.getMessage());
    }
  }

  /** The socket, which the caller may close. */
  Fd socket() {
    return socket.dup();
  }

  /** It speaks from now on. */
  void commit() {
    TcpRepair.off(socket);
    // That was lost by repair.
    SocketOptions.set(socket, image.getOptionsList(), true);
    rest();
    boolean endsFirst = image.getState() == CLOSING || !image.getEndReceived();
    if (endsFirst) {
      end();
    }
    if (sender != null) {
      Sys.check(sender.send(theirEnd()), "sendto", "FIN");
    }
    if (!endsFirst) {
      end();
    }
    if ((image.getShutdown() & 1) != 0 && !image.getEndReceived()) {
      Socket.shutdown(socket, 0);
    }
    close();
  }

  /** What was in its queue, and had not been sent. */
  private void rest() {
    if (unsent.length == 0) {
      return;
    }
    int room = Socket.option(socket, Socket.SOL_SOCKET, Socket.SO_SNDBUF);
    int lock = Socket.option(socket, Socket.SOL_SOCKET, SO_BUF_LOCK);
    Socket.setOption(socket, Socket.SOL_SOCKET, Socket.SO_SNDBUFFORCE, TcpPair.ROOM);
    TcpPair.send(socket, unsent);
    Socket.setOption(socket, Socket.SOL_SOCKET, Socket.SO_SNDBUFFORCE, room / 2);
    Socket.setOption(socket, Socket.SOL_SOCKET, SO_BUF_LOCK, lock);
  }

  private void end() {
    if (image.getEndSent()) {
      Sys.check(Socket.shutdown(socket, 1), "shutdown", 1);
    }
  }

  /** The other end's last segment, once more. */
  private byte[] theirEnd() {
    byte[] name = image.getName().toByteArray();
    byte[] peer = image.getPeer().toByteArray();
    return IpPacket.segment(
        InetName.address(peer),
        InetName.port(peer),
        InetName.address(name),
        InetName.port(name),
        image.getReceiveSequence() - 1,
        firstSent(),
        IpPacket.FIN | IpPacket.ACK);
  }

  /** Lets go of it; whoever has it as a descriptor keeps it. */
  @Override
  public void close() {
    socket.close();
    if (sender != null) {
      sender.close();
    }
  }
}
