package hob.image;

import hob.image.proto.FileLock;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.Sys;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Locks and leases of open files: {@code fcntl(2)} and {@code flock(2)}, as /proc/PID/fdinfo lists
 * them. Who waits for one issues its call again.
 */
final class FileLocks {
  private static final int F_SETLK = 6;
  private static final int F_OFD_SETLK = 37;
  private static final int F_SETOWN = 8;
  private static final int F_SETLEASE = 1024;
  private static final int F_RDLCK = 0;
  private static final int F_WRLCK = 1;
  private static final int F_UNLCK = 2;
  private static final int LOCK_SH = 1;
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int LOCK_UN = 8;
  private static final int FLOCK_SIZE = 32;

  /** One line: kind, state, access, (pid, device and inode,) first and last byte. */
  private static final Pattern LINE =
      Pattern.compile(
          "^lock:\\s+\\d+:\\s+(\\w+)\\s+(\\S+)\\s+(\\w+)\\s+-?\\d+\\s+\\S+\\s+(\\d+)\\s+(\\w+)",
          Pattern.MULTILINE);

  private FileLocks() {}

  /** Why its locks cannot move: the rest of a sentence; null when they can or there are none. */
  static @Nullable String pin(ProcessFacts.FdFacts d) {
    if (!d.info().contains("\nlock:") || of(d).stream().noneMatch(FileLocks::lease)) {
      return null;
    }
    if (!d.named()) {
      return "has a lease on a file without a name (" + d.target() + ")";
    }
    return d.process().maps().stream().anyMatch(m -> m.path().equals(d.target()))
        ? "has a lease on a file that is mapped too (" + d.target() + ")"
        : null;
  }

  static boolean lease(FileLock l) {
    return l.getKind() == FileLock.Kind.LEASE;
  }

  /** All that were taken through this descriptor. */
  static List<FileLock> of(ProcessFacts.FdFacts d) {
    if (!d.info().contains("\nlock:")) {
      return List.of();
    }
    List<FileLock> all = new ArrayList<>();
    Matcher m = LINE.matcher(d.info());
    while (m.find()) {
      FileLock.Kind kind = kind(m.group(1));
      if (kind == null) {
        continue;
      }
      long start = Long.parseLong(m.group(4));
      boolean breaking = m.group(2).equals("BREAKING");
      boolean write = m.group(3).equals("WRITE");
      all.add(
          FileLock.newBuilder()
              .setKind(kind)
              // Of a broken lease the kernel tells what it is to become. Nobody can have a read
              // lease on what is open for writing, nor does one become a read lease.
              .setWrite(
                  breaking ? (d.flags() & 3) != Fd.O_RDONLY || m.group(3).equals("READ") : write)
              .setBreaking(breaking)
              .setToRead(breaking && m.group(3).equals("READ"))
              .setStart(start)
              .setLength(m.group(5).equals("EOF") ? 0 : Long.parseLong(m.group(5)) + 1 - start)
              .build());
    }
    return all;
  }

  private static FileLock.@Nullable Kind kind(String word) {
    return switch (word) {
      case "POSIX" -> FileLock.Kind.POSIX;
      case "FLOCK" -> FileLock.Kind.FLOCK;
      case "OFDLCK" -> FileLock.Kind.OPEN_FILE;
      case "LEASE" -> FileLock.Kind.LEASE;
      // A delegation belongs to a file server in the kernel.
      default -> null;
    };
  }

  /** Whether it belongs to a process, not to an open file description. */
  static boolean ofProcess(FileLock l) {
    return l.getKind() == FileLock.Kind.POSIX;
  }

  /**
   * Adds the call that takes the lock through descriptor {@code fd} of the batch's process. Whoever
   * has it may take it again.
   *
   * @param result gets 0 or {@code -errno}
   */
  static void take(Batch batch, int fd, FileLock l, LongConsumer result) {
    change(batch, fd, l, l.getWrite() ? F_WRLCK : F_RDLCK, result);
  }

  /**
   * A lease that was broken is broken again, by an open that does not wait. That sends no signal:
   * the program had that.
   *
   * @param file a descriptor here of the description that has the lease
   */
  static void breakAgain(Fd file, FileLock l) {
    if (l.getBreaking()) {
      Sys.check(file.fcntl(F_SETOWN, 0), "fcntl", "F_SETOWN");
      int access = l.getToRead() ? Fd.O_RDONLY : Fd.O_WRONLY;
      long r = Fd.tryOpen(file.path(), access | Fd.O_NONBLOCK, 0);
      if (!Sys.failed(r)) {
        Fd.of(r).close();
      }
    }
  }

  /** Adds the call that gives it up; that it is given up already is no error. */
  static void release(Batch batch, int fd, FileLock l) {
    change(batch, fd, l, F_UNLCK, r -> {});
  }

  private static void change(Batch batch, int fd, FileLock l, int type, LongConsumer result) {
    batch.room(1, FLOCK_SIZE);
    switch (l.getKind()) {
      case FLOCK -> {
        int operation = type == F_UNLCK ? LOCK_UN : type == F_WRLCK ? LOCK_EX : LOCK_SH;
        batch.ask("flock", result, Nr.FLOCK, fd, operation | LOCK_NB);
      }
      case LEASE -> batch.ask("fcntl(F_SETLEASE)", result, Nr.FCNTL, fd, F_SETLEASE, type);
      case POSIX, OPEN_FILE, UNRECOGNIZED -> {
        int command = ofProcess(l) ? F_SETLK : F_OFD_SETLK;
        byte[] lock = new byte[FLOCK_SIZE];
        Bytes.of(lock)
            .putShort(0, (short) type)
            .putLong(8, l.getStart())
            .putLong(16, l.getLength());
        batch.ask("fcntl(F_SETLK)", result, Nr.FCNTL, fd, command, batch.data(lock));
      }
    }
  }
}
