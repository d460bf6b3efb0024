package hob.image;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.Sys;

/**
 * The foreground group of a terminal. Only a process of the terminal's own session may set it, so
 * one that is stopped is made to; it blocks SIGTTOU. Tracer's thread.
 */
public final class ForegroundGroup {
  private static final long TIOCSPGRP = 0x5410;
  private static final int AT_FDCWD = -100;

  private ForegroundGroup() {}

  /**
   * Sets that of the terminal that controls {@code member}.
   *
   * @param pgid in the process's pid namespace
   * @return whether there is such a group in its session
   */
  public static boolean set(Vessel member, int pgid) {
    long fd = member.inject(Nr.OPENAT, AT_FDCWD, member.put(0, "/dev/tty"), Fd.O_RDWR, 0);
    if (Sys.failed(fd)) {
      // ENXIO: it has none any more. ENOENT: another root.
      return false;
    }
    long r = member.inject(Nr.IOCTL, fd, TIOCSPGRP, member.put(0, Bytes.ints(pgid)));
    member.must("close", Nr.CLOSE, fd);
    if (Errno.EPERM.is(r) || Errno.ESRCH.is(r) || Errno.ENOTTY.is(r)) {
      return false;
    }
    Sys.check(r, "ioctl", "TIOCSPGRP", pgid);
    return true;
  }
}
