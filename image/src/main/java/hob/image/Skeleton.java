package hob.image;

import hob.image.proto.OutsideProcess;
import hob.image.proto.ProcessOutline;
import hob.image.proto.TreeOutline;
import hob.linux.Errno;
import hob.linux.Nr;
import hob.linux.Signals;
import hob.linux.Sys;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/**
 * Makes the processes of a tree, empty but with the right pids, parents, sessions and groups, in
 * the pid namespace of an init process. What stays at home and must be seen (a parent, a leader of
 * a session or group) is made too, as a process that only waits.
 *
 * <p>The family is built as it came about: a child that is in an older session than its parent is
 * made before the parent calls setsid; an orphan is made by a member of its session that makes it a
 * child of init.
 */
public final class Skeleton {
  private static final int PR_SET_CHILD_SUBREAPER = 36;

  private record Member(int pid, int ppid, int pgid, int sid, int filesWith, int fsWith) {
    Member(int pid, int ppid, int pgid, int sid) {
      this(pid, ppid, pgid, sid, 0, 0);
    }

    /** What it has in common with another one, for clone(2). */
    long shared(Member o) {
      return TablesMade.flags(filesWith, o.filesWith, fsWith, o.fsWith);
    }
  }

  private final Vessel init;
  private final Map<Integer, Vessel> all;
  private final Map<Integer, Member> members = new LinkedHashMap<>();
  private final Set<Integer> leads = new HashSet<>();
  private final List<Integer> tree = new ArrayList<>();
  private final Map<Integer, Integer> terminals = new HashMap<>();
  private final IntUnaryOperator opener;

  /** Leaders that ended, and under whom they are made for a while. */
  private final Map<Integer, Integer> passing = new LinkedHashMap<>();

  /**
   * A skeleton under {@code init}.
   *
   * @param known vessels that exist already in its namespace, by pid; what is made is added
   * @param opener gives N of /dev/pts/N in the namespace for the number of a terminal
   */
  public Skeleton(Vessel init, Map<Integer, Vessel> known, IntUnaryOperator opener) {
    this.opener = opener;
    this.init = init;
    this.all = known;
    known.values().stream().filter(v -> v.sid() == v.nsPid()).forEach(v -> leads.add(v.nsPid()));
  }

  /** Makes what is missing; returns the vessels of the tree's own processes by pid. */
  public Map<Integer, Vessel> build(TreeOutline outline) throws RefusedException {
    for (OutsideProcess o : outline.getOutsideList()) {
      members.put(o.getPid(), new Member(o.getPid(), o.getPpid(), o.getPgid(), o.getSid()));
    }
    for (ProcessOutline p : outline.getProcessesList()) {
      members.put(
          p.getPid(),
          new Member(
              p.getPid(), p.getPpid(), p.getPgid(), p.getSid(), p.getFilesWith(), p.getFsWith()));
      tree.add(p.getPid());
    }
    outline.getTerminalsList().forEach(t -> terminals.put(t.getSid(), t.getNumber()));
    all.values().stream()
        .map(Vessel::sid)
        .filter(sid -> !all.containsKey(sid) && !tree.contains(sid))
        .forEach(members::remove);
    leadersThatEnded();
    List<Member> order = new ArrayList<>(members.values());
    for (Member m : order) {
      int born = bornIn(m);
      if (born != 0 && born != m.ppid) {
        // Before its parent begins a session of its own.
        make(m);
      }
    }
    for (Member m : order) {
      make(m);
    }
    for (Member m : order) {
      lead(m);
    }
    groups(order);
    endAgain();
    Map<Integer, Vessel> made = new HashMap<>();
    tree.forEach(pid -> made.put(pid, all.get(pid)));
    return made;
  }

  /**
   * A process can be in a session that its parent is not in, and that no process leads: its own
   * parent, who led it, has ended, and it became the child of an ancestor of both, a subreaper. So
   * the leader is made below that one, and ends when it has the child.
   */
  private void leadersThatEnded() {
    for (int pid : tree) {
      Member m = members.get(pid);
      Member parent = m == null ? null : members.get(m.ppid);
      Member leader = m == null ? null : members.get(m.sid);
      if (m != null
          && parent != null
          && leader != null
          && m.sid != m.pid
          && parent.sid != m.sid
          && !tree.contains(m.sid)
          && !all.containsKey(m.sid)
          && !all.containsKey(pid)
          && passing.putIfAbsent(m.sid, m.ppid) == null) {
        members.put(m.sid, new Member(m.sid, m.ppid, m.sid, m.sid));
      }
    }
  }

  private void endAgain() {
    for (var e : passing.entrySet()) {
      Vessel reaper = made(e.getValue());
      reaper.must("prctl", Nr.PRCTL, PR_SET_CHILD_SUBREAPER, 1);
      reaper.killChild(made(e.getKey()));
      reaper.must("prctl", Nr.PRCTL, PR_SET_CHILD_SUBREAPER, 0);
      all.remove(e.getKey());
    }
    passing.clear();
  }

  private Vessel made(int pid) {
    return Objects.requireNonNull(all.get(pid), "every member has been made");
  }

  private void lead(Member m) {
    if (m.sid == m.pid && leads.add(m.pid)) {
      Vessel v = made(m.pid);
      v.must("setsid", Nr.SETSID);
      v.sid(m.pid);
      // Only the leader can get the terminal; the others have it from birth.
      Integer number = terminals.get(m.sid);
      if (number != null) {
        v.control(opener.applyAsInt(number));
      }
    }
  }

  private Vessel make(Member m) throws RefusedException {
    Vessel known = all.get(m.pid);
    if (known != null) {
      return known;
    }
    Vessel parent = init;
    if (m.ppid > 1 && members.containsKey(m.ppid)) {
      parent = make(members.get(m.ppid));
    }
    if (m.sid == m.pid && bornIn(m) == parent.nsPid() && members.containsKey(parent.nsPid())) {
      lead(members.get(parent.nsPid()));
    }
    int exitSignal = passing.containsKey(m.pid) ? 0 : Signals.SIGCHLD;
    Vessel v =
        m.filesWith != 0 || m.fsWith != 0
            ? sharing(m, parent)
            : m.sid == m.pid ? parent.fork(m.pid, exitSignal) : inSession(m, parent);
    all.put(m.pid, v);
    return v;
  }

  /**
   * Who shares a table is made by another one that has it: its parent, or a child of that. The
   * first one is made as any other.
   */
  private Vessel sharing(Member m, Vessel parent) throws RefusedException {
    Member above = members.get(m.ppid);
    long wanted = 0;
    int other = 0;
    for (int pid : all.keySet()) {
      Member o = members.get(pid);
      if (o != null && m.shared(o) != 0) {
        wanted |= m.shared(o);
        other = pid;
      }
    }
    if (wanted == 0) {
      return m.sid == m.pid ? parent.fork(m.pid, Signals.SIGCHLD) : inSession(m, parent);
    }
    if (above != null && parent.nsPid() == above.pid && m.shared(above) == wanted) {
      if (m.sid == above.pid) {
        lead(above);
      }
      if (m.sid == m.pid || m.sid == parent.sid() || parent.sid() == 0) {
        return parent.fork(m.pid, Signals.SIGCHLD, wanted);
      }
    }
    for (var e : all.entrySet()) {
      Member o = members.get(e.getKey());
      if (o != null
          && o.ppid == m.ppid
          && m.shared(o) == wanted
          && (m.sid == m.pid || e.getValue().sid() == m.sid)) {
        return e.getValue().forkSibling(m.pid, wanted);
      }
    }
    throw new RefusedException(TablesMade.unreachable(m.pid, other));
  }

  /**
   * The session that a process was in when it was made; 0 when that does not show. Who leads one
   * now was in another before, in which its older children still are.
   */
  private int bornIn(Member m) {
    if (m.sid != m.pid) {
      return m.sid;
    }
    for (Member child : members.values()) {
      if (child.ppid == m.pid && child.pid != m.pid) {
        int born = bornIn(child);
        if (born != 0 && born != m.pid) {
          return born;
        }
      }
    }
    return 0;
  }

  private Vessel inSession(Member m, Vessel parent) throws RefusedException {
    if (m.sid == parent.nsPid() && members.containsKey(parent.nsPid())) {
      lead(members.get(parent.nsPid()));
    }
    if (parent.sid() == m.sid || m.sid == 0 || !members.containsKey(m.sid)) {
      return parent.fork(m.pid, Signals.SIGCHLD);
    }
    Vessel leader = make(members.get(m.sid));
    lead(members.get(m.sid));
    if (passing.getOrDefault(m.sid, 0) == m.ppid) {
      return leader.fork(m.pid, Signals.SIGCHLD);
    }
    if (parent != init) {
      for (var e : all.entrySet()) {
        Member sibling = members.get(e.getKey());
        if (sibling != null && e.getValue().sid() == m.sid && sibling.ppid == parent.nsPid()) {
          return e.getValue().forkSibling(m.pid);
        }
      }
      throw new RefusedException(
          new Refusal(
              m.pid,
              "family",
              "is in session " + m.sid + ", which its parent " + m.ppid + " is not in"));
    }
    if (members.get(m.sid).ppid <= 1 || !members.containsKey(members.get(m.sid).ppid)) {
      return leader.forkSibling(m.pid);
    }
    // An orphan: its own parent in the session is made, has it, and ends, which leaves it to init.
    Vessel gone = leader.fork(freePid(), 0);
    Vessel v = gone.fork(m.pid, Signals.SIGCHLD);
    leader.killChild(gone);
    return v;
  }

  private int freePid() {
    int pid = 2;
    while (members.containsKey(pid) || all.containsKey(pid)) {
      pid++;
    }
    return pid;
  }

  private void groups(List<Member> order) throws RefusedException {
    for (Member m : order) {
      if (m.pgid == m.pid && m.sid != m.pid) {
        made(m.pid).must("setpgid", Nr.SETPGID, 0, 0);
      }
    }
    for (Member m : order) {
      if (m.pgid != m.pid && m.pgid != 0 && m.sid != m.pid) {
        long r = made(m.pid).inject(Nr.SETPGID, 0, m.pgid);
        if (Errno.EPERM.is(r) && !members.containsKey(m.pgid)) {
          continue;
        }
        Sys.check(r, "setpgid", m.pid, m.pgid);
      }
    }
  }
}
