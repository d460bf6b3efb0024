package hob.image;

import hob.image.proto.ProcessImage;
import hob.image.proto.TreeImage;
import hob.linux.Kcmp;
import hob.linux.Nr;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToIntFunction;

/**
 * Tables that processes have in common ({@link SharedTables}), rebuilt: they come into being when
 * one makes the other by clone(2), and end by unshare(2). So vessels are made with them, and who
 * has a table of its own by now leaves that of the others. Tracer's thread.
 */
public final class TablesMade {
  private static final long CLONE_FS = 0x200;
  private static final long CLONE_FILES = 0x400;

  /** A kind of table: for kcmp(2), for clone(2), and who has it with whom in an image. */
  private record Kind(int kcmp, long flag, ToIntFunction<ProcessImage> with, String name) {}

  private static final List<Kind> KINDS =
      List.of(
          new Kind(Kcmp.FILES, CLONE_FILES, ProcessImage::getFilesWith, "table of descriptors"),
          new Kind(Kcmp.FS, CLONE_FS, ProcessImage::getFsWith, "working directory and umask"));

  private final TreeImage image;
  private final Map<Integer, Vessel> vessels;

  private TablesMade(TreeImage image, Map<Integer, Vessel> vessels) {
    this.image = image;
    this.vessels = vessels;
  }

  /** Flags of clone(2) for a process that has what these numbers of an image tell of. */
  static long flags(int filesWith, int otherFilesWith, int fsWith, int otherFsWith) {
    return (filesWith != 0 && filesWith == otherFilesWith ? CLONE_FILES : 0)
        | (fsWith != 0 && fsWith == otherFsWith ? CLONE_FS : 0);
  }

  /**
   * A child of a process that stands already, made by that one, or by another child of it that has
   * a table with it.
   *
   * @param vessels what stands, by pid
   */
  public static Vessel fork(
      ProcessImage p, TreeImage image, Vessel parent, Map<Integer, Vessel> vessels) {
    long most = 0;
    Vessel by = parent;
    for (ProcessImage o : image.getProcessesList()) {
      Vessel v = vessels.get(o.getPid());
      boolean near = o.getPid() == p.getPpid() || o.getPpid() == p.getPpid();
      if (near && v != null && !o.getZombie()) {
        long flags = flags(p.getFilesWith(), o.getFilesWith(), p.getFsWith(), o.getFsWith());
        if (Long.bitCount(flags) > Long.bitCount(most)) {
          most = flags;
          by = v;
        }
      }
    }
    return by == parent
        ? parent.fork(p.getPid(), p.getExitSignal(), most)
        : by.forkSibling(p.getPid(), most);
  }

  /**
   * Lets those leave a table that have one of their own, or with other ones that are still to be
   * made.
   *
   * @param vessels some of the tree's, by pid
   */
  public static void separate(TreeImage image, Map<Integer, Vessel> vessels) {
    TablesMade t = new TablesMade(image, vessels);
    KINDS.forEach(t::separate);
  }

  private void separate(Kind kind) {
    for (List<ProcessImage> together : together(kind)) {
      for (ProcessImage p : together) {
        int with = kind.with.applyAsInt(p);
        boolean alone =
            with == 0
                || together.stream().filter(o -> kind.with.applyAsInt(o) == with).count() == 1;
        if (alone) {
          vessel(p).must("unshare", Nr.UNSHARE, kind.flag);
        }
      }
    }
  }

  /** The live processes whose vessels have one table, for each such table. */
  private List<List<ProcessImage>> together(Kind kind) {
    Map<Integer, ProcessImage> byVessel = new HashMap<>();
    List<Integer> hosts = new ArrayList<>();
    for (ProcessImage p : image.getProcessesList()) {
      if (!p.getZombie() && vessels.containsKey(p.getPid())) {
        hosts.add(vessel(p).tid());
        byVessel.put(vessel(p).tid(), p);
      }
    }
    Map<Integer, List<ProcessImage>> all = new HashMap<>();
    SharedTables.groups(kind.kcmp, hosts)
        .forEach((host, group) ->
            all.computeIfAbsent(group, g -> new ArrayList<>())
                .add(Objects.requireNonNull(byVessel.get(host))));
    return List.copyOf(all.values());
  }

  private Vessel vessel(ProcessImage p) {
    return Objects.requireNonNull(vessels.get(p.getPid()));
  }

  /**
   * Lets those leave tables that are not theirs.
   *
   * @throws Collection.Refused when some would not have the tables that the image tells of
   */
  static void verify(TreeImage image, Map<Integer, Vessel> vessels) {
    separate(image, vessels);
    TablesMade t = new TablesMade(image, vessels);
    KINDS.forEach(t::verify);
  }

  private void verify(Kind kind) {
    Map<Integer, Integer> now = new HashMap<>();
    for (List<ProcessImage> together : together(kind)) {
      together.forEach(p -> now.put(p.getPid(), together.getFirst().getPid()));
    }
    Map<Integer, Integer> wanted = new HashMap<>();
    for (ProcessImage p : image.getProcessesList()) {
      int with = kind.with.applyAsInt(p);
      boolean right =
          p.getZombie()
              || (with == 0
                  ? !now.containsKey(p.getPid())
                  : now.containsKey(p.getPid())
                      && Objects.equals(
                          wanted.computeIfAbsent(with, w -> now.get(p.getPid())),
                          now.get(p.getPid())));
      if (!right) {
        throw new Collection.Refused(apart(p.getPid(), with, kind));
      }
    }
  }

  private static Refusal apart(int pid, int other, Kind kind) {
    return new Refusal(
        pid,
        "shared-table",
        other == 0
            ? "has come to have a " + kind.name + " of its own meanwhile; try again"
            : "has one %s with process %d, whom no order of forks gives that"
                .formatted(kind.name, other));
  }

  /** As {@link #verify} finds it, before anything stops. */
  static Refusal unreachable(int pid, int other) {
    return apart(pid, other, KINDS.getFirst());
  }
}
