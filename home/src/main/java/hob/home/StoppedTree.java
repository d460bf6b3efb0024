package hob.home;

import hob.home.proto.Signal;
import hob.image.Capture;
import hob.image.RefusedException;
import hob.image.Shadow;
import hob.image.SystemVUse;
import hob.image.proto.TreeOutline;
import hob.linux.LinuxException;
import hob.linux.Signals;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * A tree that an earlier daemon left stopped in doubt, as source or as target: it can run on here,
 * or end here.
 */
final class StoppedTree implements Departure, Arrival {
  private static final System.Logger LOG = System.getLogger(StoppedTree.class.getName());

  private final LocalSession session;
  private long resumedAtNanos;
  private boolean over;

  StoppedTree(LocalSession session) {
    this.session = session;
  }

  @Override
  public void resume() {
    if (over) {
      return;
    }
    over = true;
    session
        .tracer()
        .call(() -> {
          session.busy = false;
          session.hostPids.forEach(this::release);
          resumedAtNanos = System.nanoTime();
          if (session.sandbox != null) {
            session.runsHere();
            session.tellStops();
          } else {
            session.cameHome();
          }
          return null;
        });
  }

  private void release(int pid, int host) {
    try {
      if (session.userStopped.contains(pid)) {
        Capture.putBack(host, session.savedPlaces());
      } else {
        Capture.release(host, session.masks(), session.savedPlaces());
      }
    } catch (LinuxException e) {
      // Somebody killed it meanwhile.
      LOG.log(System.Logger.Level.INFO, "process {0} does not run on: {1}", pid, e.getMessage());
    }
  }

  @Override
  public void leave(String target) {
    over = true;
    session
        .tracer()
        .call(() -> {
          session.location = target;
          if (session.atHome()) {
            List<Shadow> made = shadows();
            session.stayedAway(made);
            session.left();
          } else {
            session.leaveSandbox();
            session.end();
          }
          return null;
        });
  }

  private List<Shadow> shadows() {
    List<Integer> pids = List.copyOf(session.hostPids.values());
    if (pids.isEmpty()) {
      LOG.log(System.Logger.Level.WARNING, "{0}: nothing is left of it here", session.id());
      return List.of();
    }
    Capture c;
    session.streams().ipc(SystemVUse.any(pids));
    try {
      c =
          Capture.freeze(
              session.tracer(), () -> pids, session.id().home(), List.of(), session.streams());
    } catch (RefusedException | LinuxException e) {
      LOG.log(System.Logger.Level.INFO, "{0}: already left in part: {1}", session.id(), e);
      List<Shadow> recalled = recall(session.hostPids, List.of());
      recalled.forEach(s -> session.streams().keep(Shadow.masters(s.pid())));
      return recalled;
    }
    session.streams().take(c.externals());
    session.streams().keep(c.masters());
    session.streams().keepIpc(c.ipc());
    for (Signal s : LocalSession.pending(c.image())) {
      // What came since the tree was sent is not pending for it there.
      if (!session.along.remove(s)) {
        session.taken.add(s);
      }
    }
    List<Shadow> made = Shadow.of(c);
    // The stop that held the tree ends; the shadow takes the SIGCONT itself.
    pids.forEach(pid -> Signals.kill(pid, Signals.SIGCONT));
    return made;
  }

  private static List<Shadow> recall(Map<Integer, Integer> hostPids, List<Integer> ended) {
    List<Shadow> made = new ArrayList<>();
    hostPids.forEach((pid, host) -> {
      try {
        made.add(Shadow.recall(host, pid, ended, made));
      } catch (LinuxException e) {
        LOG.log(System.Logger.Level.WARNING, "shadow {0} is lost: {1}", pid, e.getMessage());
      }
    });
    return made;
  }

  @Override
  public void destroy() {
    if (over) {
      return;
    }
    if (!session.atHome()) {
      leave(session.location);
      return;
    }
    over = true;
    session
        .tracer()
        .call(() -> {
          session.stayedAway(recall(session.formerShadows, endBornAbroad()));
          return null;
        });
  }

  /** Processes that were about to get their first shadows; their pids. */
  private List<Integer> endBornAbroad() {
    List<Integer> ended = new ArrayList<>(session.hostPids.values());
    ended.removeAll(session.formerShadows.values());
    for (int pid : ended) {
      Signals.kill(pid, Signals.SIGKILL);
      for (char s = LocalSession.state(pid); s != 'Z' && s != 'X'; s = LocalSession.state(pid)) {
        LockSupport.parkNanos(200_000);
      }
    }
    return ended;
  }

  @Override
  public void close() {
    // Stays as it is until the home has spoken.
  }

  @Override
  public long resumedAtNanos() {
    return resumedAtNanos;
  }

  @Override
  public void holdInDoubt() {
    // It is.
  }

  private static IllegalStateException past() {
    return new IllegalStateException("an earlier daemon did that");
  }

  @Override
  public TreeOutline outline() {
    throw past();
  }

  @Override
  public byte[] freeze() {
    throw past();
  }

  @Override
  public long frozenAtNanos() {
    throw past();
  }

  @Override
  public long pageBytes() {
    throw past();
  }

  @Override
  public void read(long offset, MemorySegment into) {
    throw past();
  }

  @Override
  public void map(byte[] image) {
    throw past();
  }

  @Override
  public void write(long offset, MemorySegment from) {
    throw past();
  }

  @Override
  public void prepare() {
    throw past();
  }
}
