package hob.linux;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Mount points of this process's mount namespace, {@code mount_namespaces(7)}. Any thread. */
public final class MountPoints {
  private static final int MNT_DETACH = 2;
  private static final int MNT_FORCE = 1;

  private MountPoints() {}

  /** All strictly below a directory, the last mounted first. Files there are not looked at. */
  public static List<Path> below(Path directory) {
    List<Path> found = new ArrayList<>();
    for (String line : ProcFs.text("/proc/self/mountinfo").split("\n")) {
      String[] field = line.split(" ");
      if (field.length > 4) {
        Path point = Path.of(field[4].replace("\\040", " "));
        if (point.startsWith(directory) && !point.equals(directory)) {
          found.addFirst(point);
        }
      }
    }
    return found;
  }

  /**
   * Takes a mount away for everybody who finds it by its name, {@code umount2(2)}; of a file server
   * that does not answer, too. That there is none is no error.
   */
  public static void detach(Path point) {
    long name = Scratch.string(Scratch.get(), 0, point.toString());
    long r = Sys.call(Nr.UMOUNT2, name, MNT_FORCE | MNT_DETACH);
    if (!Errno.EINVAL.is(r) && !Errno.ENOENT.is(r)) {
      Sys.check(r, "umount2", point);
    }
  }
}
