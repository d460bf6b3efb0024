package hob.linux.net;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * A TUN device: what is routed to it is read here, one IP packet a read. It goes with its
 * descriptor. One thread at a time reads.
 */
public final class Tun implements AutoCloseable {
  /** Packets that should be let wait to be read: as many as a fast connection has under way. */
  public static final int QUEUE = 4096;

  private static final int TUNSETIFF = 0x400454ca;
  private static final int TUNSETIFINDEX = 0x400454da;
  private static final int IFF_TUN = 1;
  private static final int IFF_NO_PI = 0x1000;
  private static final int NAME = 16;

  /** The longest packet. */
  private static final int LONGEST = 65_600;

  private final Fd fd;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer = arena.allocate(LONGEST);
  private final String name;

  private Tun(Fd fd, String name) {
    this.fd = fd;
    this.name = name;
  }

  /**
   * Makes one in the calling thread's network namespace; it is down.
   *
   * @param name at most 15 characters; {@code %d} in it becomes a number
   * @param index of the device that nobody else has; 0 for any
   */
  public static Tun open(String name, int index) {
    Fd fd = Fd.open("/dev/net/tun", Fd.O_RDWR | Fd.O_NONBLOCK);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment request = arena.allocate(40, 8);
      if (index != 0) {
        request.set(ValueLayout.JAVA_INT, 0, index);
        Sys.check(fd.ioctl(TUNSETIFINDEX, request.address()), "ioctl", "TUNSETIFINDEX");
        request.fill((byte) 0);
      }
      byte[] text = name.getBytes(StandardCharsets.US_ASCII);
      MemorySegment.copy(text, 0, request, ValueLayout.JAVA_BYTE, 0, Math.min(text.length, 15));
      request.set(ValueLayout.JAVA_SHORT, NAME, (short) (IFF_TUN | IFF_NO_PI));
      Sys.check(fd.ioctl(TUNSETIFF, request.address()), "ioctl", "TUNSETIFF", name);
      return new Tun(fd, request.getString(0));
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  /** For {@code poll(2)}. */
  public Fd fd() {
    return fd;
  }

  /** Its name. */
  public String name() {
    return name;
  }

  /** The next packet; empty when there is none now. */
  public byte[] read() {
    long n = fd.read(buffer);
    if (Errno.EAGAIN.is(n)) {
      return new byte[0];
    }
    Sys.check(n, "read", "TUN", name);
    return buffer.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
  }

  @Override
  public void close() {
    fd.close();
    arena.close();
  }
}
