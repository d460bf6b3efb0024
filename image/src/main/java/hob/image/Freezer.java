package hob.image;

import hob.linux.Errno;
import hob.linux.Kcmp;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Sys;
import hob.linux.Wait;
import hob.linux.WaitStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Stops every thread of a process tree: seize and interrupt each, look again until nothing new is
 * there. Only the tracer's thread.
 */
final class Freezer {
  private static final long PATIENCE_NANOS = 2_000_000_000L;
  private static final long VFORK_NANOS = 1_000_000L;

  private final Tracer tracer;
  private final Supplier<List<Integer>> tree;
  private final Set<Integer> held;
  private final Map<Integer, List<Integer>> tidsByPid = new LinkedHashMap<>();
  private final Set<Integer> stoppedBefore = new LinkedHashSet<>();
  private final Set<Integer> zombies = new LinkedHashSet<>();
  private final Set<Integer> seized = new LinkedHashSet<>();
  private final Set<Integer> arrived = new LinkedHashSet<>();

  /** Pids of processes whose first thread has ended while others go on. */
  private final Set<Integer> leaderless = new LinkedHashSet<>();

  /**
   * A freezer.
   *
   * @param held threads that the tracer has stopped already; they are of {@code tree}
   */
  Freezer(Tracer tracer, Supplier<List<Integer>> tree, Set<Integer> held) {
    this.tracer = tracer;
    this.tree = tree;
    this.held = Set.copyOf(held);
  }

  /**
   * Freezes the tree.
   *
   * @throws RefusedException when a thread cannot be stopped; nothing stays stopped then
   */
  FrozenForest freeze() throws RefusedException {
    try {
      seizeAll();
      List<FrozenProcess> processes = new ArrayList<>();
      for (var e : tidsByPid.entrySet()) {
        processes.add(frozen(e.getKey(), e.getValue()));
      }
      refuseSharedMemory();
      // Of those that were seen, some have been reaped meanwhile.
      zombies.removeIf(pid -> state(pid) != 'Z');
      return new FrozenForest(processes, List.copyOf(zombies));
    } catch (RefusedException | RuntimeException e) {
      release();
      throw e;
    }
  }

  /** Two processes with one memory (CLONE_VM without CLONE_THREAD) would have two. */
  private void refuseSharedMemory() throws RefusedException {
    List<Integer> first = tidsByPid.values().stream().map(List::getFirst).toList();
    for (var e : new SharedTables(Kcmp.VM, first).first().entrySet()) {
      if (!e.getKey().equals(e.getValue())) {
        throw new RefusedException(TableCheck.oneMemory(e.getKey(), e.getValue()));
      }
    }
  }

  private FrozenProcess frozen(int pid, List<Integer> tids) throws RefusedException {
    List<Map<String, String>> statuses = new ArrayList<>();
    for (int tid : tids) {
      if (Ptrace.dispatchesCalls(tid)) {
        throw new RefusedException(
            new Refusal(pid, "syscall-dispatch", "has its system calls given to itself (SIGSYS)"));
      }
      statuses.add(OwnTrap.taken(pid, tid));
    }
    ProcessFacts facts =
        new ProcessFacts(
            tids.getFirst(),
            pid,
            tidsByPid.values().iterator().next().getFirst(),
            tidsByPid.keySet());
    facts.status(statuses.getFirst());
    List<FrozenThread> threads = new ArrayList<>();
    for (int i = 0; i < tids.size(); i++) {
      FrozenThread t = new FrozenThread(new Tracee(tids.get(i)), statuses.get(i));
      threads.add(VdsoExit.left(t, facts.maps()));
    }
    return new FrozenProcess(facts, threads, stoppedBefore.contains(pid));
  }

  private void seizeAll() throws RefusedException {
    for (boolean more = true; more; ) {
      more = false;
      for (int pid : tree.get()) {
        more |= seizeProcess(pid);
      }
      for (int tid : List.copyOf(seized)) {
        if (!arrived.contains(tid) && seized.contains(tid)) {
          await(tid);
        }
      }
      more |= !arrived.containsAll(seized);
    }
  }

  private boolean seizeProcess(int pid) throws RefusedException {
    if (zombies.contains(pid)) {
      return false;
    }
    boolean more = false;
    try {
      if (!tidsByPid.containsKey(pid)) {
        char state = ProcFs.stat("/proc/" + pid + "/stat").state();
        if (state == 'Z') {
          if (ProcFs.threads(pid).length == 1) {
            zombies.add(pid);
            return true;
          }
          leaderless.add(pid);
        }
        if (state == 'T' || (state == 'Z' && state(ProcFs.liveThread(pid)) == 'T')) {
          stoppedBefore.add(pid);
        }
      }
      for (int tid : ProcFs.threads(pid)) {
        boolean dead = tid == pid && leaderless.contains(pid);
        if (!seized.contains(tid) && !dead && seizeThread(pid, tid)) {
          more = true;
        }
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
    return more;
  }

  private boolean seizeThread(int pid, int tid) throws RefusedException {
    boolean stands = held.contains(tid);
    long r = stands ? 0 : Ptrace.seize(tid, Tracee.OPTIONS);
    if (Errno.ESRCH.is(r) || (Errno.EPERM.is(r) && ended(tid))) {
      if (tid == pid && ProcFs.threads(pid).length > 1) {
        leaderless.add(pid);
      }
      // It has just ended: its process is to be looked at again.
      return true;
    }
    if (Errno.EPERM.is(r) && mine(tid)) {
      // Let go as soon as it stops: see release.
      throw new RefusedException(stuck(tid));
    }
    if (Errno.EPERM.is(r)) {
      throw new RefusedException(
          new Refusal(
              pid,
              "traced",
              "is being traced by another program (a debugger or strace), or may not be traced"));
    }
    Sys.check(r, "PTRACE_SEIZE", tid);
    seized.add(tid);
    List<Integer> tids = tidsByPid.computeIfAbsent(pid, k -> new ArrayList<>());
    if (tid == pid) {
      tids.addFirst(tid);
    } else {
      tids.add(tid);
    }
    if (stands) {
      arrived.add(tid);
    } else {
      Sys.check(Ptrace.interrupt(tid), "PTRACE_INTERRUPT", tid);
    }
    return true;
  }

  /**
   * Waits until a thread stands still. A signal that it was about to take is delivered first, by
   * the kernel itself.
   */
  private void await(int tid) throws RefusedException {
    long start = System.nanoTime();
    boolean looked = false;
    while (true) {
      Optional<WaitStatus> w;
      try {
        w = Wait.wait4(tid, Wait.__WALL | Wait.WNOHANG);
      } catch (LinuxException e) {
        if (e.errno() != Errno.ECHILD) {
          throw e;
        }
        becameLeader(tid);
        return;
      }
      if (w.isEmpty()) {
        long waited = System.nanoTime() - start;
        if (waited > PATIENCE_NANOS) {
          throw new RefusedException(stuck(tid));
        }
        if (waited > VFORK_NANOS && !looked) {
          looked = true;
          letVforkChildRun(tid);
        }
        if (waited > VFORK_NANOS && tidsByPid.containsKey(tid) && state(tid) == 'Z') {
          // The kernel tells of a first thread's end only when the others have ended too.
          leaderless.add(tid);
          forget(tid);
          return;
        }
        if (waited > 300_000) {
          LockSupport.parkNanos(50_000);
        } else {
          Thread.onSpinWait();
        }
        continue;
      }
      WaitStatus s = w.get();
      if (s.gone()) {
        forget(tid);
        return;
      }
      if (s.event() == WaitStatus.EVENT_STOP) {
        arrived.add(tid);
        return;
      }
      Ptrace.cont(tid, s.event() == 0 && !s.syscallStop() ? s.stopSignal() : 0);
    }
  }

  private static Refusal stuck(int tid) {
    return new Refusal(
        tid,
        "uninterruptible",
        "does not stop (state "
            + state(tid)
            + "): it is busy in the kernel, or waits there for a vfork child or a device");
  }

  /** Whether a thread of this daemon traces it, from an earlier attempt. */
  private static boolean mine(int tid) {
    try {
      String tracer = ProcFs.status("/proc/" + tid + "/status").getOrDefault("TracerPid", "0");
      return ProcFs.stat("/proc/self/task/" + tracer.trim() + "/stat").state() != 'X';
    } catch (LinuxException e) {
      return false;
    }
  }

  /**
   * Who has called vfork(2) stops only when the child has become another program or ended: it may
   * run on until then.
   */
  private void letVforkChildRun(int parent) throws RefusedException {
    if (state(parent) != 'D') {
      return;
    }
    for (var e : Map.copyOf(tidsByPid).entrySet()) {
      int pid = e.getKey();
      if (e.getValue().contains(parent) || !SharedTables.same(Kcmp.VM, parent, pid)) {
        continue;
      }
      for (int tid : List.copyOf(e.getValue())) {
        if (!arrived.contains(tid)) {
          await(tid);
        }
      }
      for (int tid : tidsByPid.getOrDefault(pid, List.of())) {
        Ptrace.detach(tid, 0);
        seized.remove(tid);
        arrived.remove(tid);
      }
      tidsByPid.remove(pid);
    }
  }

  /**
   * A thread that is there no more, and whose end nobody was told, has called execve(2): it has the
   * leader's id from then on, and is still to stop.
   */
  private void becameLeader(int tid) {
    int pid =
        tidsByPid.entrySet().stream()
            .filter(e -> e.getValue().contains(tid))
            .map(Map.Entry::getKey)
            .findFirst()
            .orElse(tid);
    forget(tid);
    if (pid != tid && state(pid) != 't') {
      arrived.remove(pid);
    }
  }

  private static boolean ended(int tid) {
    char state = state(tid);
    return state == 'Z' || state == 'X' || state == '?';
  }

  private static char state(int tid) {
    try {
      return ProcFs.stat("/proc/" + tid + "/stat").state();
    } catch (LinuxException e) {
      return '?';
    }
  }

  private void forget(int tid) {
    arrived.add(tid);
    tidsByPid.values().forEach(l -> l.removeIf(t -> t == tid));
    tidsByPid.values().removeIf(List::isEmpty);
  }

  private void release() {
    for (int tid : seized) {
      if (arrived.contains(tid)) {
        Ptrace.detach(tid, 0);
      } else {
        tracer.watch(tid, s -> detachLate(tid, s));
      }
    }
  }

  private void detachLate(int tid, WaitStatus s) {
    if (s.stopped()) {
      tracer.unwatch(tid);
      Ptrace.detach(tid, s.event() == 0 && s.stopSignal() != Signals.SIGTRAP ? s.stopSignal() : 0);
    }
  }

  /** What stands still: live processes, parents first, and zombies. */
  record FrozenForest(List<FrozenProcess> processes, List<Integer> zombies) {}
}
