package hob.image;

import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.PidFd;
import hob.linux.UnixSocket;
import java.util.ArrayList;
import java.util.List;

/**
 * How descriptors get into a process that is being rebuilt: a socket pair made in it, one end of
 * which the daemon takes over. The daemon opens the files, with its own rights, and sends the
 * descriptions.
 */
final class Mailbox implements AutoCloseable {
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int CONTROL = UnixSocket.CMSG_HEADER + UnixSocket.MAX_FDS * 4 + 4;

  private final Fd ours;
  private int theirs;

  /** How many descriptors stand in the queue until the batch runs, at most. */
  private int queued;

  private Mailbox(Fd ours, int theirs) {
    this.ours = ours;
    this.theirs = theirs;
  }

  /** Makes one; its descriptor in the process is 0 if that was free. */
  static Mailbox open(Batch batch, int pid) {
    int[] pair = new int[2];
    long at =
        batch.output(
            8,
            b -> {
              pair[0] = Bytes.of(b).getInt(0);
              pair[1] = Bytes.of(b).getInt(4);
            });
    batch.add("socketpair", Nr.SOCKETPAIR, AF_UNIX, SOCK_STREAM, 0, at);
    batch.run();
    Fd ours;
    try (Fd pidfd = PidFd.open(pid)) {
      ours = PidFd.get(pidfd, pair[1]);
    }
    batch.add("close", Nr.CLOSE, pair[1]);
    return new Mailbox(ours, pair[0]);
  }

  /** The lowest descriptor that is free in the process as long as it has none of its own. */
  int next() {
    return theirs + 1;
  }

  /** The process's end, its descriptor there. */
  int number() {
    return theirs;
  }

  /** Moves the process's end out of the way. */
  void moveTo(Batch batch, int number) {
    if (number != theirs) {
      batch.room(2, 0);
      batch.add("dup3", Nr.DUP3, theirs, number, Fd.O_CLOEXEC);
      batch.add("close", Nr.CLOSE, theirs);
      theirs = number;
    }
  }

  /**
   * Adds calls that receive {@code files} at the lowest free descriptors, in this order. They need
   * not stay open here.
   */
  void deliver(Batch batch, List<Fd> files) {
    for (int from = 0; from < files.size(); from += UnixSocket.MAX_FDS) {
      List<Fd> part =
          new ArrayList<>(files.subList(from, Math.min(files.size(), from + UnixSocket.MAX_FDS)));
      batch.room(1, 512 + CONTROL);
      if (queued + part.size() > UnixSocket.MAX_FDS) {
        // The socket's queue holds few messages of so many.
        batch.run();
        queued = 0;
      }
      UnixSocket.sendFds(ours, part);
      queued += part.size();
      long data = batch.data(new byte[16]);
      long vector = batch.data(Bytes.longs(data, 1));
      long control = batch.data(new byte[CONTROL + 16]);
      long size = UnixSocket.CMSG_HEADER + ((part.size() * 4L + 7) & ~7L);
      long message = batch.data(Bytes.longs(0, 0, vector, 1, control, size, 0));
      batch.add("recvmsg", Nr.RECVMSG, theirs, message, 0);
    }
  }

  /** Adds the call that closes the process's end. */
  void closeTheirs(Batch batch) {
    batch.add("close", Nr.CLOSE, theirs);
  }

  @Override
  public void close() {
    ours.close();
  }
}
