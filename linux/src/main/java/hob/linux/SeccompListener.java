package hob.linux;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The listener of a {@code seccomp(2)} filter, {@code seccomp_unotify(2)}: it hears of the system
 * calls that the filter answered with SECCOMP_RET_USER_NOTIF, whose callers wait meanwhile.
 *
 * <p>Any thread; receiving and answering may be done by different ones.
 */
public final class SeccompListener implements AutoCloseable {
  /** SECCOMP_SET_MODE_FILTER. */
  public static final int SET_MODE_FILTER = 1;

  /** SECCOMP_FILTER_FLAG_NEW_LISTENER: the call returns the listener's descriptor. */
  public static final int NEW_LISTENER = 1 << 3;

  /**
   * SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: once the listener has received it, only a fatal signal
   * interrupts the call.
   */
  public static final int WAIT_KILLABLE_RECV = 1 << 5;

  /** Size of {@code struct seccomp_notif}. */
  public static final int NOTIFICATION_BYTES = 80;

  private static final long NOTIF_RECV = 0xc0502100L;
  private static final long NOTIF_SEND = 0xc0182101L;
  private static final long NOTIF_ID_VALID = 0x40082102L;
  private static final int FLAG_CONTINUE = 1;
  private static final int POLLIN = 1;
  private static final int POLLHUP = 16;

  private final Fd fd;

  /** Takes charge of a listener's descriptor. */
  public SeccompListener(Fd fd) {
    this.fd = fd;
  }

  /**
   * A call that waits for an answer.
   *
   * @param id names it in the answer
   * @param tid of the calling thread, in the receiver's pid namespace
   * @param nr number of the system call
   * @param arguments its six arguments
   */
  public record Notification(long id, int tid, int nr, long[] arguments) {}

  /** The descriptor, to be given to others. */
  public Fd fd() {
    return fd;
  }

  /** Waits up to {@code millis} (-1: for ever) for a call. False: none came, or {@link #over}. */
  public boolean await(int millis) {
    return (fd.poll(POLLIN, millis) & POLLIN) != 0;
  }

  /** Whether nobody has the filter any more. */
  public boolean over() {
    return (fd.poll(POLLIN, 0) & POLLHUP) != 0;
  }

  /**
   * The next call; empty when its caller died meanwhile. Blocks unless {@link #await} said that one
   * is there.
   *
   * @param into at least {@link #NOTIFICATION_BYTES} that the kernel fills in, the call's id first
   */
  public Optional<Notification> receive(MemorySegment into) {
    into.asSlice(0, NOTIFICATION_BYTES).fill((byte) 0);
    long r = fd.ioctl(NOTIF_RECV, into.address());
    if (Errno.ENOENT.is(r) || Errno.EINTR.is(r)) {
      return Optional.empty();
    }
    Sys.check(r, "SECCOMP_IOCTL_NOTIF_RECV");
    long[] arguments = new long[6];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = into.get(Scratch.LONG, 32 + 8L * i);
    }
    return Optional.of(
        new Notification(
            into.get(Scratch.LONG, 0),
            into.get(Scratch.INT, 8),
            into.get(Scratch.INT, 16),
            arguments));
  }

  /** Lets the call be carried out by the kernel. False: the caller is gone. */
  public boolean proceed(long id) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.LONG, 0, id);
    s.set(Scratch.LONG, 8, 0);
    s.set(Scratch.INT, 16, 0);
    s.set(Scratch.INT, 20, FLAG_CONTINUE);
    return fd.ioctl(NOTIF_SEND, s.address()) == 0;
  }

  /**
   * Whether the caller still waits: what was read from its memory before was its own, and no
   * other's who got its pid.
   */
  public boolean valid(long id) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.LONG, 0, id);
    return fd.ioctl(NOTIF_ID_VALID, s.address()) == 0;
  }

  @Override
  public void close() {
    fd.close();
  }
}
