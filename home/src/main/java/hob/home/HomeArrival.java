package hob.home;

import hob.home.proto.Signal;
import hob.image.ForegroundGroup;
import hob.image.RefusedException;
import hob.image.Shadow;
import hob.image.TablesMade;
import hob.image.TreeWalk;
import hob.image.Vessel;
import hob.image.proto.ControllingTerminal;
import hob.image.proto.ProcessImage;
import hob.image.proto.ProcessOutline;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcFs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * An {@link Arrival} at home: every process is rebuilt in its shadow, those born abroad as children
 * of their parents'.
 */
final class HomeArrival extends MappedArrival {
  private static final int WNOHANG = 1;
  private static final long WNOHANG_WALL = 0x40000001L;

  private final long incarnation;
  private final Map<Integer, Vessel> vessels = new HashMap<>();
  private final Map<Integer, Vessel> fresh = new HashMap<>();
  private final Map<Vessel, Integer> foregrounds = new HashMap<>();
  private final HighPids highPids;
  private boolean highPidsOpen;

  /** Tracer's thread. */
  HomeArrival(LocalSession session, long incarnation, TreeOutline outline, HighPids highPids) {
    super(session, outline);
    this.highPids = highPids;
    this.incarnation = incarnation;
    session.expectHome(
        incarnation,
        outline.getProcessesList().stream()
            .collect(
                Collectors.toMap(ProcessOutline::getPid, ProcessOutline::getMask, (a, b) -> b)));
  }

  @Override
  protected void lay(TreeImage image) throws RefusedException {
    session.busy = true;
    session.hostNetwork().makeRoom(session.id().toString());
    int root = session.id().pid();
    session.streams().sandbox(() -> new TreeWalk(root).get(), "/dev/pts");
    begin(image);
    forgetEnded(image);
    if (bringsHighPids(image)) {
      highPids.open();
      highPidsOpen = true;
    }
    TablesMade.separate(image, vessels);
    FamilyChanges changes = new FamilyChanges(image, vessels);
    bornAbroad(image, changes::older);
    changes.sessions().forEach(pid -> control(Objects.requireNonNull(vessels.get(pid)), image));
    bornAbroad(image, p -> true);
    changes.groups();
    endedAbroad(image);
    image.getTerminalsList().forEach(this::foreground);
    Map<Integer, Vessel> mine = new HashMap<>();
    for (ProcessImage p : image.getProcessesList()) {
      Vessel v = vessels.get(p.getPid());
      if (v != null) {
        mine.put(p.getPid(), v);
      } else if (!p.getZombie()) {
        throw new LinuxException("homecoming", Errno.ESRCH, "no shadow of process " + p.getPid());
      }
    }
    mapInto(mine, withTaken(image));
  }

  /**
   * Stops the shadows. The next daemon is told before anything of them changes: should this one
   * end, each of them is still alive, as a shadow, waiting, or held by a SIGSTOP.
   */
  private void begin(TreeImage image) {
    for (Shadow s : session.shadows.values()) {
      session.unwatchShadow(s);
      List<byte[]> signals = new ArrayList<>();
      vessels.put(s.nsPid(), s.vessel(signals));
      for (byte[] info : signals) {
        if (!session.own(info)) {
          session.taken.add(LocalSession.signalOf(s.nsPid(), info));
        }
      }
      session.hostPids.put(s.nsPid(), s.pid());
    }
    knowMasks(vessels, image);
    session.arriving = incarnation;
    session.role = LocalSession.Role.DOUBT_TARGET;
    session.openPlaces();
    session.save();
  }

  /**
   * Signals that the shadows had taken and nobody had forwarded are pending for their processes.
   */
  private TreeImage withTaken(TreeImage image) {
    if (session.taken.isEmpty()) {
      return image;
    }
    TreeImage.Builder b = image.toBuilder();
    for (int i = 0; i < b.getProcessesCount(); i++) {
      for (Signal s : session.taken) {
        if (s.getPid() == b.getProcesses(i).getPid()) {
          b.getProcessesBuilder(i).getSignalsBuilder().addPending(s.getInfo());
        }
      }
    }
    return b.build();
  }

  private void bornAbroad(TreeImage image, Predicate<ProcessImage> which) {
    for (ProcessImage p : image.getProcessesList()) {
      if (vessels.containsKey(p.getPid()) || p.getPid() < Sandbox.FOREIGN_PIDS || !which.test(p)) {
        continue;
      }
      Vessel parent = vessels.get(p.getPpid());
      if (parent != null && p.getZombie() && isZombieOf(parent, p.getPid())) {
        continue;
      }
      Vessel child = parent != null ? TablesMade.fork(p, image, parent, vessels) : orphan(p);
      // Until it is prepared it ends with this daemon.
      child.perish();
      vessels.put(p.getPid(), child);
      fresh.put(p.getPid(), child);
      if (p.getSid() == p.getPid()) {
        child.must("setsid", Nr.SETSID);
        control(child, image);
      } else if (p.getPgid() == p.getPid()) {
        child.must("setpgid", Nr.SETPGID, 0, 0);
      }
    }
  }

  /** Whether its end has reached its parent's shadow already. */
  private static boolean isZombieOf(Vessel parent, int pid) {
    return LocalSession.state(pid) == 'Z'
        && ProcFs.stat("/proc/" + pid + "/stat").ppid() == parent.pid();
  }

  /**
   * Ends of children that the parents have seen abroad, or whose pids others have now, are still to
   * be taken from the parents' shadows.
   */
  private void forgetEnded(TreeImage image) {
    Map<Integer, Boolean> zombies = new HashMap<>();
    image.getProcessesList().forEach(p -> zombies.put(p.getPid(), p.getZombie()));
    for (Vessel parent : vessels.values()) {
      for (int child : ProcFs.children(parent.pid())) {
        if (LocalSession.state(child) == 'Z' && !zombies.getOrDefault(child, false)) {
          parent.inject(Nr.WAIT4, child, 0, WNOHANG_WALL, 0);
        }
      }
    }
  }

  private static boolean bringsHighPids(TreeImage image) {
    return image.getProcessesList().stream()
        .anyMatch(p ->
            p.getPid() >= Sandbox.FOREIGN_PIDS
                || p.getThreadsList().stream().anyMatch(t -> t.getTid() >= Sandbox.FOREIGN_PIDS));
  }

  private void closeHighPids() {
    if (highPidsOpen) {
      highPidsOpen = false;
      highPids.close();
    }
  }

  /** A group that the tree itself has put into the foreground abroad is there at home too. */
  private void foreground(ControllingTerminal t) {
    if (!t.hasStandIn()) {
      inSession(t.getSid()).ifPresent(v -> ForegroundGroup.set(v, t.getForeground()));
      return;
    }
    int stood = session.streams().foregroundStandingFor(t.getStandIn().getId(), t.getForeground());
    if (stood != 0) {
      inSession(t.getSid())
          .filter(v -> ForegroundGroup.set(v, t.getForeground()))
          .ifPresent(v -> foregrounds.put(v, stood));
    }
  }

  private Optional<Vessel> inSession(int sid) {
    return vessels.values().stream()
        .filter(v -> ProcFs.stat("/proc/" + v.pid() + "/stat").sid() == sid)
        .findFirst();
  }

  /** A session that began abroad gets the terminal of the tree's own that controls it. */
  private void control(Vessel leader, TreeImage image) {
    for (ControllingTerminal t : image.getTerminalsList()) {
      if (!t.hasStandIn() && t.getSid() == leader.nsPid()) {
        leader.control(session.streams().prepareTerminal(t.getNumber()));
      }
    }
  }

  /** Its parent is gone: made by a process that ends, so that this host's init has it. */
  private static Vessel orphan(ProcessImage p) {
    Vessel gone = Vessel.seed("hob-orphan");
    try {
      return gone.fork(p.getPid(), p.getExitSignal());
    } finally {
      gone.kill();
    }
  }

  /**
   * Processes whose end abroad their parents have seen already: here too, before the parents are
   * rebuilt.
   */
  private void endedAbroad(TreeImage image) {
    Set<Integer> there =
        image.getProcessesList().stream()
            .map(ProcessImage::getPid)
            .collect(Collectors.toUnmodifiableSet());
    for (Shadow s : List.copyOf(session.shadows.values())) {
      if (!there.contains(s.nsPid())) {
        Vessel v = Objects.requireNonNull(vessels.remove(s.nsPid()));
        int parent = ProcFs.stat("/proc/" + s.pid() + "/stat").ppid();
        v.end(0);
        s.release();
        session.shadows.remove(s.nsPid());
        vessels.values().stream()
            .filter(p -> p.pid() == parent)
            .forEach(p -> p.inject(Nr.WAIT4, s.pid(), 0, WNOHANG, 0));
      }
    }
    session.endedAway.forEach((pid, parent) -> {
      if (!there.contains(pid)) {
        vessels.values().stream()
            .filter(p -> p.pid() == parent)
            .forEach(p -> p.inject(Nr.WAIT4, pid, 0, WNOHANG, 0));
      }
    });
    session.endedAway.clear();
  }

  @Override
  public void prepare() {
    session
        .tracer()
        .run(() -> {
          session.savePlaces(restore().places());
          restore().prepare();
          closeHighPids();
          restore().standStill();
        });
  }

  @Override
  protected void resumed(TreeImage image) {
    session.shadows.values().forEach(Shadow::release);
    session.shadows.clear();
    session.cameHome();
  }

  @Override
  protected void undo() {
    if (vessels.isEmpty()) {
      // It was given up before its image came.
      session.save();
      return;
    }
    session.hostNetwork().at(session.id().toString(), session.location);
    closeHighPids();
    foregrounds.forEach(ForegroundGroup::set);
    // Those that nothing was begun with yet are still watched.
    session.shadows.values().forEach(session::unwatchShadow);
    fresh.values().forEach(Vessel::kill);
    List<Integer> ended = List.copyOf(fresh.keySet());
    List<Shadow> again = new ArrayList<>();
    for (Shadow s : session.shadows.values()) {
      Vessel v = vessels.get(s.nsPid());
      if (v != null) {
        again.add(s.remake(v, ended, again));
      }
    }
    session.stayedAway(again);
  }
}
