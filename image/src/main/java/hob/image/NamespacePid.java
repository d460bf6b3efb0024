package hob.image;

import hob.linux.LinuxException;
import hob.linux.ProcFs;

/** Pids as a process's own pid namespace counts them. */
public final class NamespacePid {
  private NamespacePid() {}

  /** Innermost pid of a process of this /proc; 0 when it is gone or none of ours. */
  public static int of(int hostPid) {
    if (hostPid == 0) {
      return 0;
    }
    try {
      return ProcessFacts.last(
          ProcFs.status("/proc/" + hostPid + "/status")
              .getOrDefault("NSpid", String.valueOf(hostPid)));
    } catch (LinuxException e) {
      return 0;
    }
  }
}
