package hob.home;

import hob.image.Vessel;
import hob.image.proto.ProcessImage;
import hob.image.proto.TreeImage;
import hob.linux.Nr;
import hob.linux.ProcFs;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Sessions and groups that processes of the home have begun or changed to abroad, where nobody told
 * their shadows: these follow when the tree comes home. Tracer's thread.
 */
final class FamilyChanges {
  private final TreeImage image;
  private final Map<Integer, Vessel> vessels;
  private final Set<Integer> begin = new LinkedHashSet<>();

  /**
   * Of a tree that comes home.
   *
   * @param vessels the shadows, by pid; what is added to the map takes part in groups
   */
  FamilyChanges(TreeImage image, Map<Integer, Vessel> vessels) {
    this.image = image;
    this.vessels = vessels;
    for (ProcessImage p : image.getProcessesList()) {
      Vessel v = vessels.get(p.getPid());
      if (v != null && p.getSid() == p.getPid() && stat(v).sid() != v.pid()) {
        begin.add(p.getPid());
      }
    }
  }

  private static ProcFs.Stat stat(Vessel v) {
    return ProcFs.stat("/proc/" + v.pid() + "/stat");
  }

  /** Whether a process was made before its parent began the session that this one now leads. */
  boolean older(ProcessImage p) {
    return begin.contains(p.getPpid()) && p.getSid() != p.getPpid();
  }

  /** The processes that lead sessions which they began abroad begin them here. */
  Set<Integer> sessions() {
    // EPERM: it leads a group here, which it did not there. Then it stays in its session.
    begin.removeIf(pid -> Objects.requireNonNull(vessels.get(pid)).inject(Nr.SETSID) < 0);
    return begin;
  }

  /** All are in the groups that they are in abroad, as far as these exist here. */
  void groups() {
    for (boolean leaders : new boolean[] {true, false}) {
      for (ProcessImage p : image.getProcessesList()) {
        Vessel v = vessels.get(p.getPid());
        if (v != null
            && !p.getZombie()
            && p.getSid() != p.getPid()
            && leaders == (p.getPgid() == p.getPid())
            && p.getPgid() != 0
            && stat(v).pgid() != p.getPgid()) {
          // EPERM: the group was the home's, and is gone.
          v.inject(Nr.SETPGID, 0, p.getPgid());
        }
      }
    }
  }
}
