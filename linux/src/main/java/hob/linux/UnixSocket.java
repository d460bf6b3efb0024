package hob.linux;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@code unix(7)} sockets as carriers of descriptors. */
public final class UnixSocket {
  /** SCM_MAX_FD: the most descriptors that one message carries. */
  public static final int MAX_FDS = 253;

  /** Size of a {@code struct cmsghdr}. */
  public static final int CMSG_HEADER = 16;

  private UnixSocket() {}

  /**
   * Sends descriptors with one byte of data; never blocks.
   *
   * @param fds at most {@link #MAX_FDS}
   */
  public static void sendFds(Fd socket, List<Fd> fds) {
    if (fds.size() > MAX_FDS) {
      throw new IllegalArgumentException("more than " + MAX_FDS + " descriptors in one message");
    }
    MemorySegment s = Scratch.get();
    s.asSlice(0, 256).fill((byte) 0);
    long control = 128;
    s.set(Scratch.BYTE, 64, (byte) 'f');
    s.set(Scratch.LONG, 80, s.address() + 64);
    s.set(Scratch.LONG, 88, 1);
    s.set(Scratch.LONG, 16, s.address() + 80);
    s.set(Scratch.LONG, 24, 1);
    s.set(Scratch.LONG, 32, s.address() + control);
    s.set(Scratch.LONG, 40, CMSG_HEADER + ((fds.size() * 4L + 7) & ~7L));
    s.set(Scratch.LONG, control, CMSG_HEADER + fds.size() * 4L);
    s.set(Scratch.INT, control + 8, 1);
    s.set(Scratch.INT, control + 12, 1);
    for (int i = 0; i < fds.size(); i++) {
      s.set(Scratch.INT, control + CMSG_HEADER + 4L * i, fds.get(i).number());
    }
    Sys.check(
        Sys.call(Nr.SENDMSG, socket.number(), s.address(), 0x4040),
        "sendmsg",
        fds.size() + " descriptors");
  }
}
