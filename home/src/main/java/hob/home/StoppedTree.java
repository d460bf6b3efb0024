package hob.home;

import hob.image.Capture;
import hob.image.RefusedException;
import hob.image.Shadow;
import hob.image.proto.TreeOutline;
import hob.linux.Signals;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tree that an earlier daemon left stopped in doubt, as source or as target: it can run on here,
 * or end here.
 */
final class StoppedTree implements Departure, Arrival {
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
          session.hostPids.values().forEach(Capture::release);
          resumedAtNanos = System.nanoTime();
          if (session.sandbox != null) {
            session.role = LocalSession.Role.FOREIGN;
            session.watchForeign();
          } else {
            session.role = LocalSession.Role.RESIDENT;
            session.location = session.id().home();
            session.hostPids.clear();
            session.watchResident();
          }
          session.save();
          session.settled();
          return null;
        });
  }

  @Override
  public void leave(String target) {
    over = true;
    session
        .tracer()
        .call(() -> {
          session.location = target;
          if (session.atHome()) {
            shadows();
          } else {
            session.leaveSandbox();
            session.end();
          }
          return null;
        });
  }

  private void shadows() throws RefusedException {
    List<Integer> pids = List.copyOf(session.hostPids.values());
    Capture c =
        Capture.freeze(
            session.tracer(), () -> pids, session.id().home(), List.of(), session.streams());
    session.streams().take(c.externals());
    List<Shadow> made = Shadow.of(c);
    // The stop that held the tree ends; the shadow takes the SIGCONT itself.
    pids.forEach(pid -> Signals.kill(pid, Signals.SIGCONT));
    session.hostPids.clear();
    session.role = LocalSession.Role.SHADOWS;
    session.busy = false;
    session.watchShadows(made);
    session.save();
    session.left();
  }

  @Override
  public void destroy() {
    if (!over) {
      leave(session.location);
    }
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
