package hob.linux;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** {@code open_by_handle_at(2)}. */
public final class FileHandle {
  private FileHandle() {}

  /**
   * Where a file system is mounted in the namespace of {@code pid}; null when it is not, or that
   * process has just ended.
   *
   * @return a path of the mount point's root
   */
  public static @Nullable String mountOf(int pid, int major, int minor) {
    String device = " " + major + ":" + minor + " ";
    for (String line : mounts(pid).split("\n")) {
      String[] f = line.split(" ");
      if (line.contains(device) && f.length > 4 && (" " + f[2] + " ").equals(device)) {
        return f[4].replace("\\040", " ");
      }
    }
    return null;
  }

  private static String mounts(int pid) {
    try {
      return ProcFs.text("/proc/" + pid + "/mountinfo");
    } catch (LinuxException e) {
      // EINVAL: one that is ending has no namespaces any more.
      if (e.errno() != Errno.EINVAL && e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
        throw e;
      }
      return "";
    }
  }

  /**
   * The name of the file with this handle; null when it has none any more.
   *
   * @param mount any file of the file system
   */
  public static byte @Nullable [] path(String mount, int type, byte[] handle) {
    try (Fd at = Fd.open(mount, Fd.O_RDONLY | Fd.O_DIRECTORY)) {
      MemorySegment s = Scratch.get();
      s.set(Scratch.INT, 0, handle.length);
      s.set(Scratch.INT, 4, type);
      MemorySegment.copy(handle, 0, s, Scratch.BYTE, 8, handle.length);
      long r = Sys.call(Nr.OPEN_BY_HANDLE_AT, at.number(), s.address(), Fd.O_PATH | Fd.O_CLOEXEC);
      if (Sys.failed(r)) {
        return null;
      }
      try (Fd file = Fd.of(r)) {
        byte[] path = Fd.readlinkBytes(file.path());
        try {
          FileStat found =
              FileStat.ofLink(new String(path, java.nio.charset.StandardCharsets.UTF_8));
          return found.sameAs(FileStat.of(file.path())) ? path : null;
        } catch (LinuxException e) {
          // Unlinked: "NAME (deleted)" leads nowhere.
          return null;
        }
      }
    }
  }
}
