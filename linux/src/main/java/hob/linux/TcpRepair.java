package hob.linux;

import java.util.OptionalInt;

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
  private static final int TCP_MAXSEG = 2;
  private static final int TCP_TIMESTAMP = 24;
  private static final int TCP_REPAIR_WINDOW = 29;
  private static final int WINDOW = 20;
  private static final int HAS_TIMESTAMPS = 1;
  private static final int HAS_SACK = 2;
  private static final int HAS_SCALE = 4;
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

  /**
   * What both ends of a connection have agreed upon.
   *
   * @param mss largest segment that the other end takes, bytes
   * @param windowScales shift of the other end's window, and 16 bits further up of this end's; −1:
   *     windows have no scale
   * @param timestamp this end's clock at some moment, if segments have timestamps
   */
  public record Agreed(
      int mss, int windowScales, boolean acknowledgesSelectively, OptionalInt timestamp) {}

  /** What the ends of a connection have agreed upon; it is in repair. */
  public static Agreed agreed(Fd socket) {
    byte[] info = Socket.option(socket, SOL_TCP, TCP_INFO, 8);
    int has = info == null ? 0 : info[5];
    int scales = info == null ? 0 : info[6] & 0xff;
    return new Agreed(
        Socket.option(socket, SOL_TCP, TCP_MAXSEG),
        (has & HAS_SCALE) == 0 ? -1 : scales & 0xf | (scales >> 4) << 16,
        (has & HAS_SACK) != 0,
        (has & HAS_TIMESTAMPS) == 0
            ? OptionalInt.empty()
            : OptionalInt.of(Socket.option(socket, SOL_TCP, TCP_TIMESTAMP)));
  }

  /** How far the windows of both ends reach; it is in repair. */
  public static byte[] window(Fd socket) {
    byte[] b = Socket.option(socket, SOL_TCP, TCP_REPAIR_WINDOW, WINDOW);
    return b == null ? new byte[0] : b;
  }

  /** Sets that, of a connection whose queues are as they were. */
  public static void window(Fd socket, byte[] value) {
    Sys.check(
        Socket.setOption(socket, SOL_TCP, TCP_REPAIR_WINDOW, value),
        "setsockopt",
        "TCP_REPAIR_WINDOW");
  }

  /** Has a socket in repair, which is connected, agree to the same again. */
  public static void agree(Fd socket, Agreed agreed) {
    options(socket, agreed);
    if (agreed.timestamp().isPresent()) {
      Sys.check(
          Socket.setOption(socket, SOL_TCP, TCP_TIMESTAMP, agreed.timestamp().getAsInt()),
          "setsockopt",
          "TCP_TIMESTAMP");
    }
  }

  private static void options(Fd socket, Agreed agreed) {
    var o = java.nio.ByteBuffer.allocate(32).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    o.putInt(OPTION_MSS).putInt(agreed.mss());
    if (agreed.windowScales() != -1) {
      o.putInt(OPTION_WINDOW).putInt(agreed.windowScales());
    }
    if (agreed.acknowledgesSelectively()) {
      o.putInt(OPTION_SACK).putInt(0);
    }
    if (agreed.timestamp().isPresent()) {
      o.putInt(OPTION_TIMESTAMP).putInt(0);
    }
    byte[] b = new byte[o.position()];
    o.get(0, b);
    Sys.check(
        Socket.setOption(socket, SOL_TCP, TCP_REPAIR_OPTIONS, b),
        "setsockopt",
        "TCP_REPAIR_OPTIONS");
  }
}
