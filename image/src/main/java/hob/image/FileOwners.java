package hob.image;

import hob.image.proto.Credentials;
import hob.image.proto.FileOwner;
import hob.image.proto.OpenFile;
import hob.image.proto.ProcessImage;
import hob.linux.Fd;
import hob.linux.Nr;

/**
 * Who gets the signals of an open file description, and which: {@code fcntl(2)}, F_SETOWN_EX and
 * F_SETSIG. O_ASYNC too, as the kernel knows of it only through F_SETFL.
 */
final class FileOwners {
  /** Signal-driven input and output. */
  static final int O_ASYNC = 020000;

  private static final int F_SETFL = 4;
  private static final int F_SETSIG = 10;
  private static final int F_GETSIG = 11;
  private static final int F_SETOWN_EX = 15;
  private static final int F_GETOWN_EX = 16;
  private static final int F_GETOWNER_UIDS = 17;

  private FileOwners() {}

  /** Adds the calls that find out, through descriptor {@code fd} of the batch's process. */
  static void ask(int fd, int flags, Batch batch, OpenFile.Builder out) {
    if ((flags & Fd.O_PATH) != 0) {
      return;
    }
    batch.room(3, 64);
    byte[][] owner = new byte[1][];
    long at = batch.output(8, b -> owner[0] = b);
    batch.attempt("fcntl(F_GETOWN_EX)", Nr.FCNTL, fd, F_GETOWN_EX, at);
    byte[][] users = new byte[1][];
    at = batch.output(8, b -> users[0] = b);
    batch.attempt("fcntl(F_GETOWNER_UIDS)", Nr.FCNTL, fd, F_GETOWNER_UIDS, at);
    batch.ask(
        "fcntl(F_GETSIG)",
        signal -> {
          var o = Bytes.of(owner[0]);
          if (o.getInt(4) != 0 || signal > 0) {
            out.setOwner(
                FileOwner.newBuilder()
                    .setKind(o.getInt(0))
                    .setId(o.getInt(4))
                    .setSignal((int) Math.max(0, signal))
                    .setUid(Bytes.of(users[0]).getInt(0))
                    .setEuid(Bytes.of(users[0]).getInt(4)));
          }
        },
        Nr.FCNTL,
        fd,
        F_GETSIG);
  }

  /**
   * Adds the calls that set it again. They come last, in the program's own name and when nothing is
   * done to its files any more; only what was set in another name is set in that, as long as that
   * can be taken.
   */
  static void restore(Rebuild r, ProcessImage image, int fd, OpenFile f) {
    FileOwner o = f.getOwner();
    Credentials own = image.getThreads(0).getCredentials();
    boolean another =
        !r.staysInImage() || o.getUid() != own.getUids(0) || o.getEuid() != own.getUids(1);
    boolean early = f.hasOwner() && another && !r.reused();
    if (early) {
      r.later(b -> {
        b.add("setresuid", Nr.SETRESUID, o.getUid(), o.getEuid(), -1);
        owner(fd, o, b);
        b.add("setresuid", Nr.SETRESUID, 0, 0, 0);
      });
    }
    if (f.hasOwner() || (f.getFlags() & O_ASYNC) != 0) {
      r.finish(b -> {
        if (f.hasOwner() && !early) {
          owner(fd, o, b);
        }
        signals(fd, f, b);
      });
    }
  }

  /** Adds the calls that set all of it again, in the name of the batch's process. */
  static void set(int fd, OpenFile f, Batch b) {
    if (f.hasOwner()) {
      owner(fd, f.getOwner(), b);
    }
    signals(fd, f, b);
  }

  private static void signals(int fd, OpenFile f, Batch b) {
    if (f.getOwner().getSignal() != 0) {
      b.attempt("fcntl(F_SETSIG)", Nr.FCNTL, fd, F_SETSIG, f.getOwner().getSignal());
    }
    if ((f.getFlags() & O_ASYNC) != 0) {
      b.attempt("fcntl(F_SETFL)", Nr.FCNTL, fd, F_SETFL, f.getFlags());
    }
  }

  /** A process or group that is gone gets nothing. */
  private static void owner(int fd, FileOwner o, Batch b) {
    b.room(1, 16);
    b.attempt(
        "fcntl(F_SETOWN_EX)",
        Nr.FCNTL,
        fd,
        F_SETOWN_EX,
        b.data(Bytes.ints(o.getKind(), o.getId())));
  }
}
