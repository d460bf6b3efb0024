package hob.home;

import hob.home.net.GuestNetwork;
import hob.image.Capture;
import hob.image.Pages;
import hob.image.Refusal;
import hob.image.RefusedException;
import hob.image.Shadow;
import hob.image.SystemVUse;
import hob.image.TreeWalk;
import hob.image.Vessel;
import hob.image.proto.ProcessImage;
import hob.image.proto.SessionNetwork;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import hob.linux.LinuxException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A {@link Departure} of live processes: from home, or from a sandbox. */
final class LiveDeparture implements Departure {
  /** A home answers within a round trip. */
  private static final Duration ENDS = Duration.ofSeconds(3);

  private final LocalSession session;
  private final long incarnation;
  private final HomeFiles homeFiles;
  private final TreeWalk walk;
  private final TreeOutline outline;
  private final LocalSession.Role before;
  private @Nullable Capture capture;
  private @Nullable Pages pages;
  private boolean over;

  LiveDeparture(LocalSession session, long incarnation, HomeFiles homeFiles)
      throws MoveRefusedException {
    this.session = session;
    this.homeFiles = homeFiles;
    this.incarnation = incarnation;
    this.before = session.role;
    this.walk = session.walk();
    if (session.sandbox == null) {
      session.streams().pipes(SharedPipes.of(walk));
    }
    TreeOutline plain = session.tracer().call(() -> describe(session, walk));
    if (plain.getProcessesCount() == 0) {
      throw ended();
    }
    this.outline = withNetwork(plain);
  }

  private MoveRefusedException ended() {
    return new MoveRefusedException(
        List.of(new Refusal(session.id().pid(), Refusal.ENDED, "has just ended")));
  }

  private TreeOutline withNetwork(TreeOutline plain) {
    GuestNetwork here = session.network;
    SessionNetwork network =
        session.atHome()
            ? session.hostNetwork().leaving(session.id().toString())
            : here == null ? null : here.settings();
    return network == null ? plain : plain.toBuilder().setNetwork(network).build();
  }

  /** What a target needs to know of the tree before it stops. Tracer's thread. */
  static TreeOutline describe(LocalSession session, TreeWalk walk) {
    int next = session.leasedFrom;
    Sandbox s = session.sandbox;
    if (s != null) {
      Vessel init = s.init();
      init.unpark();
      next = 1 + Sandbox.readNumber(init, "/proc/sys/kernel/ns_last_pid");
      init.park();
    }
    List<Integer> pids = walk.get();
    session.streams().ipc(SystemVUse.any(pids));
    TreeOutline outline =
        Outlines.of(
            pids, session.id().home(), session.leasedFrom, next, session.streams()::terminalNumber);
    return session.groups.in(outline, s == null);
  }

  @Override
  public TreeOutline outline() {
    return outline;
  }

  @Override
  public byte[] freeze() throws MoveRefusedException {
    if (session.isOver()) {
      throw ended();
    }
    awaitEndsTold();
    try {
      TreeImage image = session.tracer().call(this::freezeNow);
      // While the image travels.
      session.tracer().submit(capture()::endVisits);
      return image.toByteArray();
    } catch (LinuxException e) {
      char root = session.atHome() ? LocalSession.state(session.id().pid()) : 'R';
      if (root == 'Z' || root == 'X') {
        // Somebody killed it meanwhile.
        throw ended();
      }
      throw e;
    } catch (IllegalStateException e) {
      if (e.getCause() instanceof RefusedException r) {
        throw new MoveRefusedException(r.refusals());
      }
      throw e;
    }
  }

  /** The notes of them do not move along. */
  private void awaitEndsTold() {
    long end = System.nanoTime() + ENDS.toNanos();
    while (!session.untold.isEmpty() && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(200_000);
    }
  }

  private TreeImage freezeNow() throws RefusedException {
    if (!session.untold.isEmpty()) {
      throw new RefusedException(
          new Refusal(session.id().pid(), "end", "its home does not know of all ends; try again"));
    }
    session.begin("has its image written to a file just now; try again");
    note();
    Connected.hold(session);
    try {
      Capture c =
          Capture.freeze(
              session.tracer(),
              walk,
              session.id().home(),
              outline.getOutsideList(),
              new Connected(session),
              session.takeCaught());
      session.streams().flush();
      capture = c;
      pages = c.pages();
      return c.image();
    } catch (RefusedException | RuntimeException e) {
      session.streams().resumeHere();
      stay();
      throw e;
    }
  }

  /**
   * Tells a later daemon of the departure before anything stops, since writing a file takes longer
   * than all else that {@link #holdInDoubt} does. At home the tree's processes are not known yet.
   */
  private void note() {
    if (session.sandbox == null) {
      walk.get().forEach(pid -> session.hostPids.put(pid, pid));
    }
    session.userStopped.clear();
    session.hostPids.forEach((pid, host) -> {
      if (LocalSession.state(host) == 'T') {
        session.userStopped.add(pid);
      }
    });
    session.role = LocalSession.Role.DOUBT_SOURCE;
    session.openPlaces();
    session.save();
  }

  /** The tree is here as before. */
  private void stay() {
    Connected.release(session);
    session.role = before;
    session.stayed();
    session.userStopped.clear();
    if (session.sandbox == null) {
      session.hostPids.clear();
    }
    session.settled();
    session.save();
  }

  private Capture capture() {
    return Objects.requireNonNull(capture, "not frozen");
  }

  @Override
  public long frozenAtNanos() {
    return capture().frozenAtNanos();
  }

  @Override
  public long pageBytes() {
    return Objects.requireNonNull(pages).bytes();
  }

  @Override
  public void read(long offset, MemorySegment into) {
    Objects.requireNonNull(pages).read(offset, into);
  }

  @Override
  public void holdInDoubt() {
    if (!session.atHome()) {
      homeFiles.send(session.id());
    }
    session
        .tracer()
        .run(() -> {
          session.savePlaces(capture().places());
          session.along.addAll(LocalSession.pending(capture().image()));
          if (!session.along.isEmpty()) {
            session.save();
          }
          capture().holdInDoubt();
        });
  }

  @Override
  public void resume() {
    if (over) {
      return;
    }
    over = true;
    if (session.isOver()) {
      return;
    }
    session
        .tracer()
        .run(() -> {
          Capture c = capture;
          if (c != null) {
            session.streams().resumeHere();
            c.resume(session.masks());
            stay();
          }
          if (session.sandbox == null) {
            session.hostNetwork().back(session.id().toString());
            session.watchResident();
          }
        });
  }

  @Override
  public void leave(String target) {
    over = true;
    session
        .tracer()
        .run(() -> {
          session.incarnation = incarnation;
          session.location = target;
          if (session.atHome()) {
            becomeShadows();
          } else {
            session.returnHeld();
            session.unwatchForeign();
            capture().destroy();
            session.leaveSandbox();
            session.end();
          }
        });
  }

  private void becomeShadows() {
    session.unwatchResident();
    session.streams().take(capture().externals());
    session.streams().keep(capture().masters());
    session.streams().keepIpc(capture().ipc());
    for (ProcessImage p : capture().image().getProcessesList()) {
      if (p.getZombie()) {
        session.endedAway.put(p.getPid(), p.getPpid());
      }
    }
    var made = Shadow.of(capture());
    Set<Integer> killed = new LinkedHashSet<>();
    for (ProcessImage p : capture().image().getProcessesList()) {
      if (!p.getZombie()) {
        killed.add(p.getPid());
      }
    }
    made.forEach(s -> killed.remove(s.nsPid()));
    session.hostPids.clear();
    session.userStopped.clear();
    session.role = LocalSession.Role.SHADOWS;
    session.busy = false;
    session.watchShadows(made);
    session.save();
    session.settled();
    session.left();
    session.hostNetwork().at(session.id().toString(), session.location);
    killed.forEach(session::killedHere);
  }

  @Override
  public void close() {
    resume();
  }
}
