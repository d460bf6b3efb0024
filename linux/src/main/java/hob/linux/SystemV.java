package hob.linux;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * System V IPC of the calling thread's IPC namespace: {@code sysvipc(7)}, {@code shmget(2)}, {@code
 * semget(2)}, {@code msgget(2)} and their kin. Any thread.
 */
public final class SystemV {
  /** The kinds, with the names that the kernel's files in /proc have. */
  public enum Kind {
    SHM,
    SEM,
    MSG;

    private String file() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** SHM_DEST in {@link Entry#mode}: it goes when nobody has it attached any more. */
  public static final int SHM_DEST = 01000;

  /** SHM_LOCKED in {@link Entry#mode}. */
  public static final int SHM_LOCKED = 02000;

  private static final int IPC_CREAT = 01000;
  private static final int IPC_EXCL = 02000;
  private static final int IPC_NOWAIT = 04000;
  private static final int MSG_COPY = 040000;
  private static final int IPC_RMID = 0;
  private static final int IPC_SET = 1;
  private static final int IPC_STAT = 2;
  private static final int GETALL = 13;
  private static final int GETPID = 11;
  private static final int SETALL = 17;
  private static final int SHM_LOCK = 11;
  private static final int DS = 256;
  private static final int MSG_QBYTES = 88;

  /**
   * A line of {@code /proc/sysvipc/}.
   *
   * @param mode permissions, and bits that say more
   * @param size bytes of shared memory, semaphores of a set, bytes in a queue
   * @param attached mappings of shared memory, messages in a queue
   * @param first who made shared memory, or sent last; 0 for semaphores. Pids are the reader's.
   * @param last who attached, detached or received last
   * @param changed seconds since 1970: when it was made or its permissions were set; of semaphores
   *     and queues also when they were used last
   */
  public record Entry(
      Kind kind,
      int id,
      int key,
      int mode,
      long size,
      long attached,
      int first,
      int last,
      int uid,
      int gid,
      int cuid,
      int cgid,
      long changed) {}

  /** One object of the namespace. */
  public record Id(Kind kind, int id) {
    /** What {@link #toString} gave. */
    public static Id parse(String s) {
      int space = s.indexOf(' ');
      return new Id(Kind.valueOf(s.substring(0, space)), Integer.parseInt(s.substring(space + 1)));
    }

    @Override
    public String toString() {
      return kind + " " + id;
    }
  }

  private SystemV() {}

  /** All objects of a kind. */
  public static List<Entry> all(Kind kind) {
    List<Entry> found = new ArrayList<>();
    String[] lines = ProcFs.text("/proc/sysvipc/" + kind.file()).split("\n");
    for (int i = 1; i < lines.length; i++) {
      String[] f = lines[i].trim().split("\\s+");
      found.add(
          switch (kind) {
            case SHM -> entry(kind, f, 3, 6, 4, 5, 7, latest(f, 13, 13));
            case SEM -> entry(kind, f, 3, 3, -1, -1, 4, latest(f, 8, 9));
            case MSG -> entry(kind, f, 3, 4, 5, 6, 7, latest(f, 11, 13));
          });
    }
    return found;
  }

  private static Entry entry(
      Kind kind, String[] f, int size, int attached, int first, int last, int uid, long changed) {
    return new Entry(
        kind,
        Integer.parseInt(f[1]),
        Integer.parseInt(f[0]),
        Integer.parseInt(f[2], 8),
        Long.parseLong(f[size]),
        Long.parseLong(f[attached]),
        first < 0 ? 0 : Integer.parseInt(f[first]),
        last < 0 ? 0 : Integer.parseInt(f[last]),
        Integer.parseUnsignedInt(f[uid]),
        Integer.parseUnsignedInt(f[uid + 1]),
        Integer.parseUnsignedInt(f[uid + 2]),
        Integer.parseUnsignedInt(f[uid + 3]),
        changed);
  }

  private static long latest(String[] f, int from, int to) {
    long latest = 0;
    for (int i = from; i <= to; i++) {
      latest = Math.max(latest, Long.parseLong(f[i]));
    }
    return latest;
  }

  /**
   * Makes an object; if its id is free it gets the one that is wanted. Only a thread that ends with
   * this may call, since it becomes the creator.
   *
   * @param size as in {@link Entry}; of a queue nothing
   * @return its id, which may be another; {@code -EEXIST} when there is one with this key
   */
  public static int make(
      Kind kind, int wanted, int key, long size, int mode, int creator, int group) {
    try (Fd next = Fd.open("/proc/sys/kernel/" + kind.file() + "_next_id", Fd.O_WRONLY)) {
      next.writeAll(String.valueOf(wanted).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }
    Sys.check(Sys.call(Nr.SETRESGID, -1, group, -1), "setresgid", group);
    Sys.check(Sys.call(Nr.SETRESUID, -1, creator, -1), "setresuid", creator);
    int flags = IPC_CREAT | IPC_EXCL | mode & 0777;
    long r =
        switch (kind) {
          case SHM -> Sys.call(Nr.SHMGET, key, size, flags);
          case SEM -> Sys.call(Nr.SEMGET, key, size, flags);
          case MSG -> Sys.call(Nr.MSGGET, key, flags);
        };
    return Errno.EEXIST.is(r) ? (int) r : (int) Sys.check(r, kind.file() + "get", key);
  }

  /** {@code IPC_RMID}; nothing happens when there is no such object. */
  public static void remove(Kind kind, int id) {
    long r = control(kind, id, IPC_RMID, 0);
    if (!Errno.EINVAL.is(r) && !Errno.EIDRM.is(r)) {
      Sys.check(r, kind.file() + "ctl", "IPC_RMID", id);
    }
  }

  private static long control(Kind kind, int id, int command, long argument) {
    return switch (kind) {
      case SHM -> Sys.call(Nr.SHMCTL, id, command, argument);
      case SEM -> Sys.call(Nr.SEMCTL, id, 0, command, argument);
      case MSG -> Sys.call(Nr.MSGCTL, id, command, argument);
    };
  }

  /** {@code IPC_SET}: owner and permissions. */
  public static void own(Kind kind, int id, int uid, int gid, int mode) {
    MemorySegment s = stat(kind, id);
    s.set(Scratch.INT, 4, uid);
    s.set(Scratch.INT, 8, gid);
    s.set(Scratch.INT, 20, mode & 0777);
    Sys.check(control(kind, id, IPC_SET, s.address()), kind.file() + "ctl", "IPC_SET", id);
  }

  private static MemorySegment stat(Kind kind, int id) {
    MemorySegment s = Scratch.get().asSlice(0, DS);
    Sys.check(control(kind, id, IPC_STAT, s.address()), kind.file() + "ctl", "IPC_STAT", id);
    return s;
  }

  /** {@code shmat(2)} anywhere in this process; {@link #detach} it. */
  public static long attach(int id) {
    return Sys.check(Sys.call(Nr.SHMAT, id, 0, 0), "shmat", id);
  }

  /** {@code shmdt(2)}. */
  public static void detach(long address) {
    Sys.check(Sys.call(Nr.SHMDT, address), "shmdt");
  }

  /** {@code SHM_LOCK}: its pages stay in memory. */
  public static void lock(int id) {
    Sys.check(Sys.call(Nr.SHMCTL, id, SHM_LOCK, 0), "shmctl", "SHM_LOCK", id);
  }

  /** {@code GETALL}: the values of a set of {@code count} semaphores. */
  public static int[] values(int id, int count) {
    MemorySegment s = Scratch.get();
    Sys.check(Sys.call(Nr.SEMCTL, id, 0, GETALL, s.address()), "semctl", "GETALL", id);
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = s.get(Scratch.SHORT, 2L * i) & 0xffff;
    }
    return values;
  }

  /** {@code SETALL}. */
  public static void setValues(int id, List<Integer> values) {
    MemorySegment s = Scratch.get();
    for (int i = 0; i < values.size(); i++) {
      s.set(Scratch.SHORT, 2L * i, values.get(i).shortValue());
    }
    Sys.check(Sys.call(Nr.SEMCTL, id, 0, SETALL, s.address()), "semctl", "SETALL", id);
  }

  /** {@code GETPID}: who changed a semaphore last, 0 for nobody. */
  public static int changedBy(int id, int number) {
    return (int) Math.max(0, Sys.call(Nr.SEMCTL, id, number, GETPID, 0));
  }

  /**
   * {@code msgrcv(2)} with MSG_COPY: one message, which stays.
   *
   * @return its type in 8 bytes, and its text
   */
  public static byte[] message(int id, int index) {
    MemorySegment s = Scratch.get();
    int most = (int) s.byteSize() - 8;
    long r = Sys.call(Nr.MSGRCV, id, s.address(), most, index, MSG_COPY | IPC_NOWAIT, 0);
    Sys.check(r, "msgrcv", "MSG_COPY", id);
    return s.asSlice(0, 8 + r).toArray(Scratch.BYTE);
  }

  /**
   * {@code msgsnd(2)}.
   *
   * @param message its type in 8 bytes, and its text
   */
  public static void send(int id, byte[] message) {
    MemorySegment s = Scratch.get();
    MemorySegment.copy(message, 0, s, Scratch.BYTE, 0, message.length);
    long r = Sys.call(Nr.MSGSND, id, s.address(), message.length - 8, IPC_NOWAIT);
    Sys.check(r, "msgsnd", id);
  }

  /** {@code msg_qbytes}: how much a queue holds. */
  public static long capacity(int queue) {
    return stat(Kind.MSG, queue).get(Scratch.LONG, MSG_QBYTES);
  }

  /** Sets that, by {@code IPC_SET}. */
  public static void setCapacity(int queue, long bytes) {
    MemorySegment s = stat(Kind.MSG, queue);
    s.set(Scratch.LONG, MSG_QBYTES, bytes);
    Sys.check(Sys.call(Nr.MSGCTL, queue, IPC_SET, s.address()), "msgctl", "IPC_SET", queue);
  }
}
