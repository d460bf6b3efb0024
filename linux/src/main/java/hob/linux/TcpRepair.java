package hob.linux;

/**
 * {@code TCP_REPAIR}: a TCP socket whose queues and sequence numbers can be read and set, and which
 * comes and goes without a packet. Needs CAP_NET_ADMIN over the socket's network namespace. Any
 * thread.
 */
public final class TcpRepair {
  /** The queue of bytes that were received. */
  public static final int RECEIVE_QUEUE = 1;

  /** The queue of bytes that were sent. */
  public static final int SEND_QUEUE = 2;

  private static final int SOL_TCP = 6;
  private static final int TCP_INFO = 11;
  private static final int TCP_REPAIR = 19;
  private static final int TCP_REPAIR_QUEUE = 20;
  private static final int TCP_QUEUE_SEQ = 21;
  private static final int TCP_REPAIR_OPTIONS = 22;
  private static final int OPTION_MSS = 2;
  private static final int OPTION_WINDOW = 3;
  private static final int OPTION_SACK = 4;
  private static final int OPTION_TIMESTAMP = 8;
  private static final int SO_REUSEADDR = 2;

  private TcpRepair() {}

  /** State of a TCP socket: 1 is TCP_ESTABLISHED. */
  public static int state(Fd socket) {
    byte[] info = Socket.option(socket, SOL_TCP, TCP_INFO, 232);
    return info == null || info.length == 0 ? 0 : info[0];
  }

  /** Turns it on. */
  public static void on(Fd socket) {
    Sys.check(Socket.setOption(socket, SOL_TCP, TCP_REPAIR, 1), "setsockopt", "TCP_REPAIR");
  }

  /** Turns it off and lets the other end tell how much room it has. */
  public static void off(Fd socket) {
    Sys.check(Socket.setOption(socket, SOL_TCP, TCP_REPAIR, 0), "setsockopt", "TCP_REPAIR");
  }

  /** Turns it off without a packet, and puts back what turning it on has changed. */
  public static void offSilently(Fd socket, int reuseAddress) {
    Sys.check(Socket.setOption(socket, SOL_TCP, TCP_REPAIR, -1), "setsockopt", "TCP_REPAIR");
    Sys.check(
        Socket.setOption(socket, Socket.SOL_SOCKET, SO_REUSEADDR, reuseAddress),
        "setsockopt",
        "SO_REUSEADDR");
  }

  /** Chooses the queue that {@link #sequence}, send(2) and recv(2) are about; 0 for none. */
  public static void queue(Fd socket, int queue) {
    Sys.check(
        Socket.setOption(socket, SOL_TCP, TCP_REPAIR_QUEUE, queue),
        "setsockopt",
        "TCP_REPAIR_QUEUE");
  }

  /** Sequence number behind the last byte of the queue. */
  public static int sequence(Fd socket) {
    return Socket.option(socket, SOL_TCP, TCP_QUEUE_SEQ);
  }

  /** Sets it; of a socket that is not connected yet. */
  public static void sequence(Fd socket, int value) {
    Sys.check(
        Socket.setOption(socket, SOL_TCP, TCP_QUEUE_SEQ, value), "setsockopt", "TCP_QUEUE_SEQ");
  }

  /** What both ends would have agreed upon: both on this host, everything that it can. */
  public static void agree(Fd socket, int mss, int windowScale) {
    byte[] b = new byte[32];
    var o = java.nio.ByteBuffer.wrap(b).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    o.putInt(OPTION_MSS).putInt(mss);
    o.putInt(OPTION_WINDOW).putInt(windowScale | windowScale << 16);
    o.putInt(OPTION_SACK).putInt(0).putInt(OPTION_TIMESTAMP).putInt(0);
    Sys.check(
        Socket.setOption(socket, SOL_TCP, TCP_REPAIR_OPTIONS, b),
        "setsockopt",
        "TCP_REPAIR_OPTIONS");
  }
}
