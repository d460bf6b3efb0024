package hob.image;

import hob.linux.Errno;
import hob.linux.ProcFs;
import hob.linux.Sys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Clones of processes and threads that get the pid which they had: by clone3's set_tid, or, where
 * the caller has not the right to choose, by root's steering of the kernel's counter.
 */
final class ChosenPid {
  private static final String LAST_PID = "/proc/sys/kernel/ns_last_pid";
  private static final int FREED_ATTEMPTS = 200;
  private static final long FREED_NANOS = 500_000;
  private static final int STEERED_ATTEMPTS = 50;
  private static final long TAKEN_NANOS = 10_000_000;

  /** The counter is one for all sessions. */
  private static final Object COUNTER = new Object();

  private ChosenPid() {}

  /**
   * Clones until it hits.
   *
   * @param chosen makes the call with set_tid; its result
   * @param plain makes the call without it; its result
   * @param undo ends what the last plain call made
   * @return the call's result
   */
  static long clone(int pid, LongSupplier chosen, LongSupplier plain, Runnable undo) {
    long r = chosen.getAsLong();
    for (int tries = 0; Errno.EEXIST.is(r) && tries < FREED_ATTEMPTS; tries++) {
      // A freed pid can be taken for a moment.
      LockSupport.parkNanos(FREED_NANOS);
      r = chosen.getAsLong();
    }
    return Errno.EPERM.is(r) ? steered(pid, plain, undo) : r;
  }

  private static long steered(int pid, LongSupplier plain, Runnable undo) {
    for (int tries = 0; tries < STEERED_ATTEMPTS; tries++) {
      long r = steer(pid, plain);
      if (r == pid || Sys.failed(r)) {
        return r;
      }
      undo.run();
      if (Files.exists(Path.of("/proc/" + pid))) {
        // Somebody who forked in this moment has it; most live shortly.
        LockSupport.parkNanos(TAKEN_NANOS);
      }
    }
    return -Errno.EEXIST.number();
  }

  /**
   * The counter goes back at once: whoever forks on this host meanwhile gets pids from where it
   * stands, and must not take those that others of the tree had.
   */
  private static long steer(int pid, LongSupplier plain) {
    synchronized (COUNTER) {
      String before = ProcFs.text(LAST_PID).strip();
      ProcFs.write(LAST_PID, String.valueOf(pid - 1));
      try {
        return plain.getAsLong();
      } finally {
        ProcFs.write(LAST_PID, before);
      }
    }
  }
}
