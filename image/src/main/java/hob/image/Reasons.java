package hob.image;

import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Why a tree cannot move: {@link Capture#check}. */
final class Reasons {
  /**
   * What is found is looked for again after so many milliseconds each: a process in the middle of
   * an execve(2) has next to no memory for a moment.
   */
  private static final int[] CONFIRMED_AFTER = {0, 5, 25};

  private final List<Refusal> all = new ArrayList<>();
  private final List<ProcessFacts> suspects = new ArrayList<>();

  private Reasons() {}

  static List<Refusal> of(Supplier<List<Integer>> tree, int reference) {
    Reasons last = once(tree, reference);
    List<Refusal> found = last.all;
    for (int rest : CONFIRMED_AFTER) {
      if (!found.isEmpty()) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(rest));
        last = once(tree, reference);
        found.retainAll(last.all);
      }
    }
    Examination.of(last.suspects).stream().filter(r -> !found.contains(r)).forEach(found::add);
    return found;
  }

  private static Reasons once(Supplier<List<Integer>> tree, int reference) {
    Reasons r = new Reasons();
    r.look(tree.get(), reference);
    return r;
  }

  private void look(List<Integer> tree, int reference) {
    if (tree.isEmpty()) {
      all.add(new Refusal(0, Refusal.ENDED, "all its processes have ended"));
      return;
    }
    if (ended(tree.getFirst())) {
      all.add(new Refusal(tree.getFirst(), Refusal.ENDED, "has ended already"));
      return;
    }
    List<ProcessFacts> facts = new ArrayList<>();
    for (int pid : tree) {
      try {
        ProcessFacts p = ProcessFacts.ofLive(pid, reference, tree);
        if (process(p)) {
          facts.add(p);
        }
      } catch (LinuxException e) {
        if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
          throw e;
        }
      }
    }
    TreeCheck.of(facts, all);
    all.replaceAll(r -> r.ofProcess(facts));
  }

  private static boolean ended(int pid) {
    try {
      return ProcFs.stat("/proc/" + pid + "/stat").state() == 'Z'
          && ProcFs.threads(pid).length == 1;
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
        throw e;
      }
      return true;
    }
  }

  /** Whether it is a process as others are. */
  private boolean process(ProcessFacts p) {
    int before = all.size();
    for (StateModule m : StateModules.ALL) {
      m.check(p, all);
      if (all.size() > before
          && (all.getLast().kind().equals("init")
              || all.getLast().kind().equals("kernel-thread"))) {
        return false;
      }
    }
    if (StateModules.ALL.stream().anyMatch(m -> m.suspect(p))) {
      suspects.add(p);
    }
    return true;
  }
}
