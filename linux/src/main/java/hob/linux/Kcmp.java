package hob.linux;

/** {@code kcmp(2)}: do two processes share a kernel object? */
public final class Kcmp {
  /** KCMP_FILE. */
  public static final int FILE = 0;

  /** KCMP_VM. */
  public static final int VM = 1;

  /** KCMP_FILES. */
  public static final int FILES = 2;

  /** KCMP_FS. */
  public static final int FS = 3;

  /** KCMP_SIGHAND. */
  public static final int SIGHAND = 4;

  private static final int EPOLL_TFD = 7;

  private Kcmp() {}

  /**
   * Whether a descriptor is the file that an epoll set has as its member.
   *
   * @param pid process with the descriptor
   * @param epollPid process with the epoll descriptor
   * @param target number that the member was added under
   * @param nth which of the set's members with that number, from 0
   */
  public static boolean isEpollMember(
      int pid, int fd, int epollPid, int epoll, int target, int nth) {
    var s = Scratch.get();
    s.set(Scratch.INT, 0, epoll);
    s.set(Scratch.INT, 4, target);
    s.set(Scratch.INT, 8, nth);
    return Sys.call(Nr.KCMP, pid, epollPid, EPOLL_TFD, fd, s.address(), 0) == 0;
  }

  /** Order of two objects: 0 the same; negative or positive, a total order as long as both live. */
  public static int compare(int pid1, int pid2, int type, long a, long b) {
    long r = Sys.call(Nr.KCMP, pid1, pid2, type, a, b, 0);
    Sys.check(r, "kcmp", pid1, pid2, type, a, b);
    return r == 0 ? 0 : r == 1 ? -1 : 1;
  }
}
