package hob.files.abroad;

import hob.files.frame.FileFrame;
import hob.linux.RawMemory;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which files are known to have no access control list. The kernel asks for that of nearly each
 * file; most of these questions need not go to the home. Any thread.
 */
final class AccessLists {
  private static final byte[] ACCESS =
      "system.posix_acl_access".getBytes(StandardCharsets.US_ASCII);

  /** Files whose list may have changed since they were looked up. */
  private final Set<Long> doubtful = ConcurrentHashMap.newKeySet();

  /** Whether a GETXATTR, whose name is at this address, asks for what is known not to be there. */
  boolean isAbsent(long node, long name) {
    if ((node & FileFrame.NO_ACL) == 0) {
      return false;
    }
    for (int i = 0; i < ACCESS.length; i++) {
      if (RawMemory.i8(name + i) != ACCESS[i]) {
        return false;
      }
    }
    return RawMemory.i8(name + ACCESS.length) == 0 && !doubtful.contains(node);
  }

  /** The file's attributes have changed. */
  void doubt(long node) {
    if ((node & FileFrame.NO_ACL) != 0) {
      doubtful.add(node);
    }
  }

  void forget(long node) {
    if (!doubtful.isEmpty()) {
      doubtful.remove(node);
    }
  }
}
