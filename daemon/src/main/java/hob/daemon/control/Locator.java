package hob.daemon.control;

import hob.home.Engine;
import hob.home.SessionId;
import hob.home.SessionView;
import hob.image.Descendants;
import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds out which process a user means, and whether he may. Any thread. */
final class Locator {
  /** PF_KTHREAD, {@code include/linux/sched.h}: a thread of the kernel. */
  private static final long PF_KTHREAD = 0x0020_0000;

  /** Field of {@code proc_pid_stat(5)}. */
  private static final int FLAGS = 9;

  private final String self;
  private final Engine engine;
  private final int daemon = (int) ProcessHandle.current().pid();

  Locator(String self, Engine engine) {
    this.self = self;
    this.engine = engine;
  }

  /**
   * The process that {@code pid} names on this host: one of a session of this home, one that runs
   * here natively, or a foreign one under its pid at home or under its pid here.
   *
   * @param home only processes of that home; empty for any
   */
  Subject find(int pid, String home) throws Problem {
    List<SessionView> sessions = engine.sessions();
    if (home.isEmpty() || home.equals(self)) {
      Optional<Subject> own = inSession(sessions, self, pid);
      if (own.isPresent()) {
        return own.get();
      }
    }
    Optional<Subject> guest =
        sessions.stream()
            .map(s -> s.session().home())
            .filter(h -> !h.equals(self) && (home.isEmpty() || home.equals(h)))
            .distinct()
            .map(h -> inSession(sessions, h, pid))
            .flatMap(Optional::stream)
            .findFirst();
    if (home.isEmpty() && guest.isPresent() && isNative(pid, sessions)) {
      throw new Problem(
          Problem.Kind.NO_PROCESS,
          "pid %d is one of this host and one of %s: say which, as in %s:%d"
              .formatted(pid, guest.get().session().home(), self, pid));
    }
    if (guest.isPresent()) {
      return guest.get();
    }
    if (!home.isEmpty() && !home.equals(self)) {
      throw new Problem(
          Problem.Kind.NO_PROCESS, "no process %d of %s is on this host".formatted(pid, home));
    }
    return byHostPid(sessions, pid).orElse(ordinary(pid));
  }

  private static Optional<Subject> inSession(List<SessionView> sessions, String home, int pid) {
    return sessions.stream()
        .filter(s -> s.session().home().equals(home))
        .filter(s -> s.processes().stream().anyMatch(p -> p.pid() == pid))
        .map(s -> new Subject(s.session(), pid))
        .findFirst();
  }

  private static Optional<Subject> byHostPid(List<SessionView> sessions, int hostPid) {
    for (SessionView s : sessions) {
      for (SessionView.ProcessView p : s.processes()) {
        if (p.hostPid() == hostPid) {
          return Optional.of(new Subject(s.session(), p.pid()));
        }
      }
    }
    return Optional.empty();
  }

  private static boolean isNative(int pid, List<SessionView> sessions) {
    try {
      ProcFs.stat("/proc/" + pid + "/stat");
      return byHostPid(sessions, pid).isEmpty();
    } catch (LinuxException _) {
      return false;
    }
  }

  /** A process of no session: checks that it is one that can move at all. */
  private Subject ordinary(int pid) throws Problem {
    if (pid <= 0) {
      throw new Problem(Problem.Kind.NO_PROCESS, pid + " is no pid");
    }
    ProcFs.Stat stat;
    try {
      stat = ProcFs.stat("/proc/" + pid + "/stat");
    } catch (LinuxException _) {
      throw new Problem(
          Problem.Kind.NO_PROCESS, "there is no process %d on %s".formatted(pid, self));
    }
    if (pid == 1) {
      throw new Problem(
          Problem.Kind.CANNOT_MOVE, "pid 1 is the init process of " + self + " and stays there");
    }
    if ((stat.field(FLAGS) & PF_KTHREAD) != 0) {
      throw new Problem(
          Problem.Kind.CANNOT_MOVE,
          "pid %d is [%s], a thread of the kernel, and stays there".formatted(pid, stat.comm()));
    }
    if (stat.state() == 'Z' && ProcFs.liveThread(pid) == pid) {
      throw new Problem(
          Problem.Kind.NO_PROCESS, "pid %d has ended; its parent has not waited".formatted(pid));
    }
    if (isHob(pid)) {
      throw new Problem(
          Problem.Kind.CANNOT_MOVE, "pid %d is a part of hob itself and stays".formatted(pid));
    }
    return new Subject(new SessionId(self, pid, stat.startTime()), pid);
  }

  /** The daemon and what it started: the processes whose ancestor it is. */
  private boolean isHob(int pid) {
    int at = pid;
    try {
      while (at > 1) {
        if (at == daemon) {
          return true;
        }
        at = ProcFs.stat("/proc/" + at + "/stat").ppid();
      }
    } catch (LinuxException _) {
      return false;
    }
    return false;
  }

  /** Refuses a user who does not own the process and all that would move with it. */
  void permit(Subject subject, int uid) throws Problem {
    if (uid == 0) {
      return;
    }
    Map<Integer, Integer> tree = tree(subject);
    for (var process : tree.entrySet()) {
      if (!owns(uid, process.getValue())) {
        String whose =
            process.getKey() == subject.pid()
                ? "pid %d belongs to another user".formatted(subject.pid())
                : "pid %d has a relative that belongs to another user, pid %d"
                    .formatted(subject.pid(), process.getKey());
        throw new Problem(Problem.Kind.NOT_PERMITTED, whose + ": only he or root may do that");
      }
    }
  }

  /** Pids at home and here. */
  private Map<Integer, Integer> tree(Subject subject) {
    Map<Integer, Integer> tree = new LinkedHashMap<>();
    engine.sessions().stream()
        .filter(s -> s.session().equals(subject.session()))
        .flatMap(s -> s.processes().stream())
        .forEach(p -> tree.put(p.pid(), p.hostPid()));
    if (tree.isEmpty()) {
      int root = subject.session().pid();
      tree.put(root, root);
      Descendants.of(root).forEach(pid -> tree.put(pid, pid));
    }
    return tree;
  }

  /** Whether all of its user ids are his: one that runs a setuid program is not his alone. */
  private static boolean owns(int uid, int pid) {
    try {
      Map<String, String> status = ProcFs.status("/proc/" + pid + "/status");
      String all = status.getOrDefault("Uid", "-1").strip();
      return Arrays.stream(all.split("\\s+")).allMatch(String.valueOf(uid)::equals);
    } catch (LinuxException e) {
      // It has ended, which the move will find out.
      return e.errno() == Errno.ENOENT || e.errno() == Errno.ESRCH;
    }
  }
}
