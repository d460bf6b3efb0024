package hob.image;

import hob.linux.Kcmp;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the processes of a tree have in common with each other, with processes that stay, and with
 * their own threads, where clone(2) or unshare(2) made it other than usual.
 */
final class TableCheck {
  private static final int STAT_THREADS = 20;

  private static final int[] KINDS = {Kcmp.VM, Kcmp.FILES, Kcmp.FS};

  private final List<ProcessFacts> live;
  private final List<Refusal> out;
  private final List<Integer> pids;

  private TableCheck(List<ProcessFacts> tree, List<Refusal> out) {
    this.live = tree.stream().filter(p -> p.stat().state() != 'Z').toList();
    this.pids = live.stream().map(ProcessFacts::pid).toList();
    this.out = out;
  }

  /**
   * Adds every reason.
   *
   * @param all pids of the whole tree
   */
  static void of(List<ProcessFacts> tree, Set<Integer> all, List<Refusal> out) {
    TableCheck c = new TableCheck(tree, out);
    int[] others = c.others();
    for (int kind : KINDS) {
      SharedTables tables = new SharedTables(kind, c.pids);
      if (kind == Kcmp.VM) {
        c.memories(tables);
      }
      for (int other : others) {
        Integer who = all.contains(other) ? null : tables.find(other);
        if (who != null && !descends(other, all)) {
          c.out.add(new Refusal(who, word(kind), has(kind, other, ", which stays")));
        }
      }
    }
    c.live.forEach(c::threads);
  }

  private static String name(int kind) {
    return kind == Kcmp.VM
        ? "memory"
        : kind == Kcmp.FILES ? "table of descriptors" : "working directory and umask";
  }

  private static String flag(int kind) {
    return kind == Kcmp.VM ? "CLONE_VM" : kind == Kcmp.FILES ? "CLONE_FILES" : "CLONE_FS";
  }

  private static String word(int kind) {
    return kind == Kcmp.VM ? "shared-memory" : "shared-table";
  }

  private static String has(int kind, int other, String which) {
    return "has %s with process %d%s (%s)".formatted("one " + name(kind), other, which, flag(kind));
  }

  /** Two processes with one memory would have two. */
  static Refusal oneMemory(int pid, int other) {
    return new Refusal(pid, word(Kcmp.VM), has(Kcmp.VM, other, ""));
  }

  private void memories(SharedTables tables) {
    tables
        .first()
        .forEach((pid, other) -> {
          if (!pid.equals(other) && !vfork(pid) && !vfork(other)) {
            out.add(oneMemory(pid, other));
          }
        });
  }

  /** Whether it waits for a child to become another program, which is waited for. */
  private static boolean vfork(int pid) {
    try {
      return ProcFs.stat("/proc/" + pid + "/stat").state() == 'D';
    } catch (LinuxException e) {
      // ENOENT, ESRCH: it has ended.
      return true;
    }
  }

  /**
   * Who may have something in common with the tree. Of a fresh program that is just its parent: all
   * but its working directory became its own by execve(2).
   */
  private int[] others() {
    boolean fresh = live.size() == 1 && live.getFirst().traced();
    return fresh ? new int[] {live.getFirst().stat().ppid()} : ProcFs.numbers("/proc");
  }

  /** Whether it has ended, or was born to the tree since that was listed. */
  private static boolean descends(int pid, Set<Integer> all) {
    try {
      return all.contains(ProcFs.stat("/proc/" + pid + "/stat").ppid());
    } catch (LinuxException e) {
      // ENOENT, ESRCH.
      return true;
    }
  }

  private void threads(ProcessFacts p) {
    if (p.stat().field(STAT_THREADS) == 1) {
      return;
    }
    for (int tid : threadsNow(p.pid())) {
      Refusal r = tid == p.pid() || tid == p.process() ? null : ofThread(p.pid(), tid);
      if (r != null) {
        out.add(r);
      }
    }
  }

  private static int[] threadsNow(int pid) {
    try {
      return ProcFs.threads(pid);
    } catch (LinuxException e) {
      // ENOENT, ESRCH: it has just ended.
      return new int[0];
    }
  }

  /** Why a thread cannot move, which may be running; null when it can. */
  static @Nullable Refusal ofThread(int pid, int tid) {
    for (int kind : new int[] {Kcmp.FILES, Kcmp.FS}) {
      if (differ(kind, pid, tid)) {
        return new Refusal(
            pid,
            "thread-table",
            "its thread %d has a %s of its own (unshare(%s))"
                .formatted(tid, name(kind), flag(kind)));
      }
    }
    return null;
  }

  private static boolean differ(int kind, int pid, int tid) {
    try {
      return Kcmp.compare(pid, tid, kind, 0, 0) != 0;
    } catch (LinuxException e) {
      // ESRCH: it has just ended.
      return false;
    }
  }
}
