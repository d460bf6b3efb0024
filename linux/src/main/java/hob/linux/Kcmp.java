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

  private Kcmp() {}

  /** Order of two objects: 0 the same; negative or positive, a total order as long as both live. */
  public static int compare(int pid1, int pid2, int type, long a, long b) {
    long r = Sys.call(Nr.KCMP, pid1, pid2, type, a, b, 0);
    Sys.check(r, "kcmp", pid1, pid2, type, a, b);
    return r == 0 ? 0 : r == 1 ? -1 : 1;
  }
}
