package hob.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/**
 * Descriptors, each with a tag, in a {@code unix(7)} socket pair: they stay open as long as the
 * pair does, whoever has that, and can be taken out again. One thread at a time.
 */
public final class DescriptorQueue implements AutoCloseable {
  private static final int AF_UNIX = 1;
  private static final int SOCK_SEQPACKET = 5;
  private static final int SOCK_NONBLOCK = 04000;
  private static final int SOCK_CLOEXEC = 02000000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_SNDBUFFORCE = 32;
  private static final int SCM_RIGHTS = 1;
  private static final int ROOM_BYTES = 256 << 20;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;

  /** The longest tag. */
  private static final int TAG_BYTES = 256;

  // Places in the memory of a call.
  private static final int MSGHDR = 0;
  private static final int IOVEC = 64;
  private static final int CONTROL = 96;
  private static final int DATA = 128;

  private final Fd in;
  private final Fd out;
  private final MemorySegment memory = Arena.ofAuto().allocate(DATA + TAG_BYTES, 8);

  private DescriptorQueue(Fd in, Fd out) {
    this.in = in;
    this.out = out;
  }

  /**
   * What was in a queue.
   *
   * @param file the taker's to close
   */
  public record Item(byte[] tag, Fd file) {}

  /** An empty one. */
  public static DescriptorQueue create() {
    MemorySegment s = Scratch.get();
    int type = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;
    Sys.check(Sys.call(Nr.SOCKETPAIR, AF_UNIX, type, 0, s.address()), "socketpair");
    DescriptorQueue queue =
        new DescriptorQueue(Fd.of(s.get(Scratch.INT, 0)), Fd.of(s.get(Scratch.INT, 4)));
    s.set(Scratch.INT, 0, ROOM_BYTES);
    // Without CAP_NET_ADMIN there is less room.
    Sys.call(
        Nr.SETSOCKOPT,
        queue.in.number(),
        SOL_SOCKET,
        SO_SNDBUFFORCE,
        s.address(),
        Integer.BYTES,
        0);
    return queue;
  }

  /** One of which another process has {@linkplain #ends the ends}. */
  public static DescriptorQueue of(Fd in, Fd out) {
    return new DescriptorQueue(in, out);
  }

  /** Both ends of the pair: where descriptors go in, and where they come out. */
  public List<Fd> ends() {
    return List.of(in, out);
  }

  /**
   * Puts a duplicate of a descriptor at the end.
   *
   * @param tag 1 to 256 bytes
   * @return 0 or {@code -errno}: EAGAIN when it is full
   */
  public long put(byte[] tag, int fd) {
    header(tag.length);
    MemorySegment.copy(tag, 0, memory, ValueLayout.JAVA_BYTE, DATA, tag.length);
    memory.set(Scratch.LONG, CONTROL, UnixSocket.CMSG_HEADER + Integer.BYTES);
    memory.set(Scratch.INT, CONTROL + 8, SOL_SOCKET);
    memory.set(Scratch.INT, CONTROL + 12, SCM_RIGHTS);
    memory.set(Scratch.INT, CONTROL + 16, fd);
    long r = Sys.call(Nr.SENDMSG, in.number(), memory.address(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return Math.min(r, 0);
  }

  /** Takes the first one; empty when there is none. */
  public Optional<Item> take() {
    header(TAG_BYTES);
    long r = Sys.call(Nr.RECVMSG, out.number(), memory.address(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (r <= 0 || memory.get(Scratch.LONG, MSGHDR + 40) < UnixSocket.CMSG_HEADER + Integer.BYTES) {
      return Optional.empty();
    }
    byte[] tag = memory.asSlice(DATA, r).toArray(ValueLayout.JAVA_BYTE);
    return Optional.of(new Item(tag, Fd.of(memory.get(Scratch.INT, CONTROL + 16))));
  }

  /** {@code struct msghdr}, {@code cmsg(3)}. */
  private void header(int bytes) {
    memory.asSlice(0, DATA).fill((byte) 0);
    memory.set(Scratch.LONG, IOVEC, memory.address() + DATA);
    memory.set(Scratch.LONG, IOVEC + 8, bytes);
    memory.set(Scratch.LONG, MSGHDR + 16, memory.address() + IOVEC);
    memory.set(Scratch.LONG, MSGHDR + 24, 1);
    memory.set(Scratch.LONG, MSGHDR + 32, memory.address() + CONTROL);
    memory.set(Scratch.LONG, MSGHDR + 40, UnixSocket.CMSG_HEADER + 2 * Integer.BYTES);
  }

  @Override
  public void close() {
    Fd.closeAll(in, out);
  }
}
