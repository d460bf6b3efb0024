package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.Pipe;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.Sys;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Copies what stands in a pipe without taking it: {@code tee(2)} into another pipe. */
final class PipeContents {
  private static final int F_SETFL = 4;
  private static final int F_GETPIPE_SZ = 1032;
  private static final int F_SETPIPE_SZ = 1031;
  private static final int POLLERR = 8;
  private static final int POLLHUP = 16;
  private static final int FIONREAD = 0x541B;
  private static final int SPLICE_F_NONBLOCK = 2;

  private PipeContents() {}

  /** Whether nobody has the other end of the pipe any more. */
  static boolean otherEndClosed(Fd end) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment p = arena.allocate(8, 4);
      p.set(ValueLayout.JAVA_INT, 0, end.number());
      Sys.check(Sys.call(Nr.POLL, p.address(), 1, 0), "poll", end.number());
      return (p.get(ValueLayout.JAVA_SHORT, 6) & (POLLERR | POLLHUP)) != 0;
    }
  }

  /**
   * Of the pipe that {@code end} is an end of.
   *
   * @param packets whether it is in packet mode
   */
  static Pipe.Builder of(Fd end, boolean packets) {
    int capacity = (int) Sys.check(end.fcntl(F_GETPIPE_SZ, 0), "fcntl", "F_GETPIPE_SZ");
    Pipe.Builder p = Pipe.newBuilder().setCapacity(capacity);
    int pending = pending(end);
    if (pending > 0) {
      copy(end, pending, packets, p);
    }
    return p;
  }

  /** Bytes that stand in it. */
  static int pending(Fd end) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment n = arena.allocate(ValueLayout.JAVA_INT);
      Sys.check(end.ioctl(FIONREAD, n.address()), "ioctl", "FIONREAD");
      return n.get(ValueLayout.JAVA_INT, 0);
    }
  }

  private static void copy(Fd end, int pending, boolean packets, Pipe.Builder out) {
    // The read end is what tee takes; a write end is opened again for reading.
    Fd[] other = Fd.pipe(0);
    try (Fd in = Fd.open(end.path(), Fd.O_RDONLY | Fd.O_NONBLOCK);
        Fd read = other[0];
        Fd write = other[1]) {
      Sys.check(write.fcntl(F_SETPIPE_SZ, out.getCapacity()), "fcntl", "F_SETPIPE_SZ");
      long r = Sys.call(Nr.TEE, in.number(), write.number(), pending, SPLICE_F_NONBLOCK);
      Sys.check(r, "tee", pending);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      while (all.size() < r) {
        // One packet at a time, where there are any.
        byte[] b = read.readSome((int) r - all.size());
        all.writeBytes(b);
        if (packets) {
          out.addPackets(b.length);
        }
      }
      out.setContents(ByteString.copyFrom(all.toByteArray()));
    }
  }

  /** Fills a new pipe. */
  static void fill(Fd write, Pipe p) {
    long size = write.fcntl(F_SETPIPE_SZ, p.getCapacity());
    if (Sys.failed(size) && !Errno.EPERM.is(size)) {
      Sys.check(size, "fcntl", "F_SETPIPE_SZ", p.getCapacity());
    }
    byte[] all = p.getContents().toByteArray();
    if (p.getPacketsCount() == 0) {
      write.writeAll(all);
      return;
    }
    Sys.check(write.fcntl(F_SETFL, PipeFile.PACKETS), "fcntl", "F_SETFL");
    int at = 0;
    for (int length : p.getPacketsList()) {
      write.writeAll(Arrays.copyOfRange(all, at, at + length));
      at += length;
    }
    Sys.check(write.fcntl(F_SETFL, 0), "fcntl", "F_SETFL");
  }
}
