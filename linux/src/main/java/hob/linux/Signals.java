package hob.linux;

/** Signal numbers and {@code kill(2)}. */
public final class Signals {
  public static final int SIGHUP = 1;
  public static final int SIGINT = 2;
  public static final int SIGQUIT = 3;
  public static final int SIGTRAP = 5;
  public static final int SIGKILL = 9;
  public static final int SIGALRM = 14;
  public static final int SIGTERM = 15;
  public static final int SIGCHLD = 17;
  public static final int SIGCONT = 18;
  public static final int SIGSTOP = 19;
  public static final int SIGTSTP = 20;
  public static final int SIGTTIN = 21;
  public static final int SIGTTOU = 22;
  public static final int SIGURG = 23;
  public static final int SIGVTALRM = 26;
  public static final int SIGPROF = 27;
  public static final int SIGWINCH = 28;
  public static final int SIGSYS = 31;

  /** All signals. */
  public static final int MAX = 64;

  private Signals() {}

  /** {@code kill(2)}; 0 or {@code -errno}. */
  public static long kill(int pid, int signal) {
    return Sys.call(Nr.KILL, pid, signal);
  }

  /** {@code tgkill(2)}; 0 or {@code -errno}. */
  public static long tgkill(int pid, int tid, int signal) {
    return Sys.call(Nr.TGKILL, pid, tid, signal);
  }

  /** {@code tkill(2)} of a thread that cannot go away meanwhile; 0 or {@code -errno}. */
  public static long tkill(int tid, int signal) {
    return Sys.call(Nr.TKILL, tid, signal);
  }

  /** The mask bit of a signal. */
  public static long bit(int signal) {
    return 1L << (signal - 1);
  }
}
