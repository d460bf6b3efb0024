package hob.home;

import hob.linux.ProcFs;

/**
 * Room for pids that were born abroad, while processes and threads with such pids come home. In
 * between the home gives pids below them, as ever. Any thread.
 */
final class HighPids {
  private static final String PID_MAX = "/proc/sys/kernel/pid_max";
  private static final String LAST_PID = "/proc/sys/kernel/ns_last_pid";
  private static final int MOST = 1 << 22;

  // Guarded by this.
  private int users;
  private String max = "";
  private String last = "";

  /** Until {@link #close}, which must follow. */
  synchronized void open() {
    if (users == 0) {
      max = ProcFs.text(PID_MAX).trim();
      last = ProcFs.text(LAST_PID).trim();
      ProcFs.write(PID_MAX, String.valueOf(MOST));
    }
    users++;
  }

  /** The kernel goes on with the pid after the last one that it gave before {@link #open}. */
  synchronized void close() {
    users--;
    if (users == 0) {
      ProcFs.write(LAST_PID, last);
      ProcFs.write(PID_MAX, max);
    }
  }
}
