package hob.home;

import hob.image.TreeWalk;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/** What {@code hob ps} shows of a session, from /proc. */
final class Views {
  private static final System.Logger LOG = System.getLogger(Views.class.getName());
  private static final long TICK_MILLIS = 10;
  private static final long PAGE = 4096;

  private Views() {}

  static SessionView of(LocalSession s) {
    boolean here = s.role != LocalSession.Role.SHADOWS;
    return new SessionView(s.id(), s.incarnation, s.location, here, processes(s.tree()));
  }

  /** A tree of this home that nothing was moved of. */
  static SessionView of(SessionId id, String self, IntPredicate counts) {
    List<Integer> tree =
        SessionNotes.start(id.pid()) == id.startTicks()
            ? new TreeWalk(id.pid()).get().stream().filter(counts::test).toList()
            : List.of();
    return new SessionView(id, 0, self, true, processes(tree));
  }

  private static List<SessionView.ProcessView> processes(List<Integer> tree) {
    List<SessionView.ProcessView> all = new ArrayList<>();
    for (int pid : tree) {
      try {
        all.add(process(pid));
      } catch (LinuxException e) {
        LOG.log(System.Logger.Level.DEBUG, "process {0} ended meanwhile: {1}", pid, e.getMessage());
      }
    }
    return all;
  }

  private static SessionView.ProcessView process(int pid) {
    ProcFs.Stat stat = ProcFs.stat("/proc/" + pid + "/stat");
    String command =
        new String(ProcFs.read("/proc/" + pid + "/cmdline"), StandardCharsets.UTF_8)
            .replace('\0', ' ')
            .trim();
    return new SessionView.ProcessView(
        hob.image.NamespacePid.of(pid),
        hob.image.NamespacePid.of(stat.ppid()),
        pid,
        stat.state(),
        command.isEmpty() ? "[" + stat.comm() + "]" : command,
        (stat.field(14) + stat.field(15)) * TICK_MILLIS,
        stat.field(24) * PAGE);
  }
}
