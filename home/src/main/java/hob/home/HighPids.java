package hob.home;

import hob.linux.ProcFs;

/**
 * Room for pids that were born abroad, while processes and threads with such pids come home. In
 * between the home gives pids below them, as ever. Any thread.
 */
final class HighPids {
  private static final String PID_MAX = "/proc/sys/kernel/pid_max";
  private static final int MOST = 1 << 22;

  // Guarded by this.
  private int users;
  private String max = "";

  /** Until {@link #close}, which must follow. */
  synchronized void open() {
    if (users == 0) {
      max = ProcFs.text(PID_MAX).trim();
      ProcFs.write(PID_MAX, String.valueOf(MOST));
    }
    users++;
  }

  /** Ends it; the kernel has given no such pid to anybody else meanwhile. */
  synchronized void close() {
    users--;
    if (users == 0) {
      ProcFs.write(PID_MAX, max);
    }
  }
}
