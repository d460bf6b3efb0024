package hob.files.abroad;

import hob.files.frame.FileFrame;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Decides which writes are acknowledged before the home has made them, and keeps what goes wrong
 * with those for the next call that can tell. Any thread.
 *
 * <p>The first write to a file is always waited for: then the home has found that the user may
 * write it. And all are, while the home's file system has little room: so a full disk is reported
 * by {@code write(2)} itself, as it is at home.
 */
final class WriteBehind {
  /** So much may be on its way. */
  private static final long WINDOW_BYTES = 8L << 20;

  private final boolean enabled;
  private final Set<Long> writable = ConcurrentHashMap.newKeySet();
  private final Map<Long, Integer> errors = new ConcurrentHashMap<>();
  // Guarded by this.
  private long underWay;

  WriteBehind(boolean enabled) {
    this.enabled = enabled;
  }

  /** Whether a write may be acknowledged now; if so it is counted until it is confirmed. */
  boolean take(long node, int bytes) {
    if (!enabled || !writable.contains(node)) {
      return false;
    }
    synchronized (this) {
      if (underWay + bytes > WINDOW_BYTES) {
        return false;
      }
      underWay += bytes;
      return true;
    }
  }

  /** So many bytes are on their way though nobody took them here. */
  void resumed(int bytes) {
    synchronized (this) {
      underWay += bytes;
    }
  }

  /** What was taken is not on its way after all. */
  void giveBack(int bytes) {
    resumed(-bytes);
  }

  /** The home has made a write, or failed to. */
  void confirmed(long node, int bytes, int error, int flags) {
    synchronized (this) {
      underWay -= bytes;
    }
    if (error != 0) {
      errors.put(node, error);
    }
    if (error != 0 || (flags & FileFrame.BEHIND_OK) == 0) {
      writable.remove(node);
    }
  }

  /** The home has let this host write a file; it says whether its file system has room. */
  void writable(long node, int flags) {
    if ((flags & FileFrame.BEHIND_OK) != 0) {
      writable.add(node);
    } else {
      writable.remove(node);
    }
  }

  /** From now on the home is to be asked again. */
  void doubt(long node) {
    writable.remove(node);
  }

  /** Takes the error of an earlier write, {@code -errno}; 0 if there is none. */
  int error(long node) {
    if (errors.isEmpty()) {
      return 0;
    }
    Integer error = errors.remove(node);
    return error == null ? 0 : error;
  }

  /** The kernel has forgotten a file. */
  void forget(long node) {
    writable.remove(node);
    if (!errors.isEmpty()) {
      errors.remove(node);
    }
  }

  void close() {
    writable.clear();
    errors.clear();
  }
}
