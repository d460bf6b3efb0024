package hob.home;

import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What {@code hob ps} shows of a session, from /proc. */
final class Views {
  private static final System.Logger LOG = System.getLogger(Views.class.getName());
  private static final long TICK_MILLIS = 10;
  private static final long PAGE = 4096;

  private Views() {}

  static SessionView of(LocalSession s) {
    List<SessionView.ProcessView> all = new ArrayList<>();
    for (int pid : s.tree()) {
      try {
        all.add(process(pid));
      } catch (LinuxException e) {
        LOG.log(System.Logger.Level.DEBUG, "process {0} ended meanwhile: {1}", pid, e.getMessage());
      }
    }
    boolean here = s.role != LocalSession.Role.SHADOWS;
    return new SessionView(s.id(), s.incarnation, s.location, here, all);
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
