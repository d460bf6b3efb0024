package hob.image;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;
import hob.linux.Sys;
import java.nio.charset.StandardCharsets;

/**
 * The foreground group of a terminal. Only a process of the terminal's own session may set it, so
 * one that is stopped is made to; it blocks SIGTTOU. Tracer's thread.
 */
public final class ForegroundGroup {
  private static final long TIOCSPGRP = 0x5410;
  private static final int AT_FDCWD = -100;
  private static final int PROT_WRITE = 2;
  private static final byte[] DEV_TTY = "/dev/tty\0".getBytes(StandardCharsets.US_ASCII);

  private ForegroundGroup() {}

  /**
   * Sets that of the terminal that controls {@code member}, whatever is mapped in it at the moment.
   *
   * @param pgid in the process's pid namespace
   * @return whether there is such a group in its session
   */
  public static boolean set(Vessel member, int pgid) {
    long call = 0;
    long scratch = 0;
    for (MapsEntry e : ProcFs.maps(member.tid(), false)) {
      if (e.path().equals("[vdso]")) {
        call = e.start() + Vdso.syscallOffset();
      } else if (!e.special() && !e.shared() && (e.protection() & PROT_WRITE) != 0) {
        scratch = e.start();
      }
    }
    if (call == 0 || scratch == 0) {
      return false;
    }
    byte[] before = ProcessMemory.read(member.tid(), scratch, DEV_TTY.length);
    try {
      return set(member, pgid, call, scratch);
    } finally {
      ProcessMemory.write(member.tid(), scratch, before);
    }
  }

  private static boolean set(Vessel member, int pgid, long call, long scratch) {
    ProcessMemory.write(member.tid(), scratch, DEV_TTY);
    long fd = member.leader().inject(call, Nr.OPENAT, AT_FDCWD, scratch, Fd.O_RDWR, 0);
    if (Sys.failed(fd)) {
      // ENXIO: it has none any more. ENOENT: another root.
      return false;
    }
    ProcessMemory.write(member.tid(), scratch, Bytes.ints(pgid));
    long r = member.leader().inject(call, Nr.IOCTL, fd, TIOCSPGRP, scratch);
    member.leader().must(call, "close", Nr.CLOSE, fd);
    if (Errno.EPERM.is(r) || Errno.ESRCH.is(r) || Errno.ENOTTY.is(r)) {
      return false;
    }
    Sys.check(r, "ioctl", "TIOCSPGRP", pgid);
    return true;
  }
}
