package hob.home;

import hob.home.net.GuestNetwork;
import hob.image.Descendants;
import hob.image.ForegroundGroup;
import hob.image.RefusedException;
import hob.image.Skeleton;
import hob.image.Vessel;
import hob.image.proto.ControllingTerminal;
import hob.image.proto.ProcessImage;
import hob.image.proto.ProcessOutline;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import hob.linux.ProcFs;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** An {@link Arrival} in a new sandbox. Made on the session's tracer thread. */
final class ForeignArrival extends MappedArrival {
  private final HomeFiles homeFiles;
  private final boolean outlived;
  private final Sandbox sandbox;
  private final Map<Integer, Vessel> vessels = new HashMap<>();

  ForeignArrival(
      LocalSession session,
      long incarnation,
      TreeOutline outline,
      HomeFiles homeFiles,
      Capacity capacity)
      throws MoveRefusedException {
    super(session, outline);
    this.homeFiles = homeFiles;
    this.outlived = capacity.outlived();
    SandboxRoot root = homeFiles.root(session.id());
    session.incarnation = incarnation;
    session.leasedFrom = outline.getFirstPid();
    session.busy = true;
    sandbox =
        Sandbox.create(
            outline.getHome(), Math.max(outline.getNextPid(), Sandbox.FOREIGN_PIDS), root);
    session.sandbox = sandbox;
    int init = sandbox.init().pid();
    session.network =
        session
            .hostNetwork()
            .enter(session.id().toString(), session.id().home(), init, outline.getNetwork());
    session.streams().sandbox(() -> Descendants.of(init), "/proc/" + init + "/root/dev/pts");
    try {
      vessels.putAll(build(outline));
      makeReady(outline);
      enter(outline, capacity.groups());
    } catch (RefusedException e) {
      session.leaveNetwork();
      sandbox.destroy();
      throw new MoveRefusedException(e.refusals());
    } catch (RuntimeException e) {
      vessels.values().forEach(Vessel::kill);
      session.leaveNetwork();
      sandbox.destroy();
      throw e;
    }
    // While the tree still runs: writing takes its time.
    for (ProcessOutline p : outline.getProcessesList()) {
      Vessel v = vessels.get(p.getPid());
      if (v != null) {
        session.knowMask(v.pid(), p.getMask());
      }
    }
    expect(vessels);
  }

  /** Those that share tables have theirs made when all are there. */
  private void makeReady(TreeOutline outline) {
    outline.getProcessesList().stream()
        .filter(p -> p.getFilesWith() == 0)
        .map(p -> vessels.get(p.getPid()))
        .filter(Objects::nonNull)
        .forEach(Vessel::makeReady);
  }

  private void enter(TreeOutline outline, ForeignGroups groups) throws MoveRefusedException {
    try {
      session.groups.arrive(outline, vessels, groups);
    } catch (MoveRefusedException e) {
      vessels.values().forEach(Vessel::kill);
      session.leaveSandbox();
      throw e;
    }
  }

  private Map<Integer, Vessel> build(TreeOutline outline) throws RefusedException {
    Map<Integer, Vessel> all = new HashMap<>(sandbox.known());
    all.putAll(vessels);
    Map<Integer, Vessel> mine;
    try {
      mine = new Skeleton(sandbox.init(), all, session.streams()::prepareTerminal).build(outline);
    } catch (RefusedException | RuntimeException e) {
      // The sandbox ends only when nobody is in it any more.
      sandbox.known().forEach(all::remove);
      all.values().forEach(Vessel::kill);
      vessels.clear();
      throw e;
    }
    all.keySet().removeAll(mine.keySet());
    all.keySet().removeAll(vessels.keySet());
    sandbox.known().putAll(all);
    return mine;
  }

  @Override
  protected void beforeLay() {
    // Files were made and renamed until the tree stood still.
    homeFiles.learn(session.id());
  }

  /** Waits for what is made beside all else, while the tree still runs. Any thread. */
  void awaitNetwork() {
    GuestNetwork network = session.network;
    if (network != null) {
      network.await();
    }
  }

  @Override
  protected void lay(TreeImage image) throws RefusedException {
    Map<Integer, Vessel> mine = build(Outlines.of(image));
    for (var e : Map.copyOf(vessels).entrySet()) {
      if (!mine.containsKey(e.getKey())) {
        vessels.remove(e.getKey());
        session.hostPids.remove(e.getKey());
        endedMeanwhile(e.getValue());
      }
    }
    vessels.putAll(mine);
    terminals(image);
    session.streams().ipc(image.getIpc().getSerializedSize() > 0);
    // Until it is prepared a later daemon would find the processes dead.
    mapInto(mine, image);
  }

  /** While the processes still have their code. */
  private void terminals(TreeImage image) {
    for (ControllingTerminal t : image.getTerminalsList()) {
      boolean own = !t.hasStandIn();
      if (!own) {
        session.streams().open(t);
      }
      Vessel leader = vessels.getOrDefault(t.getSid(), sandbox.known().get(t.getSid()));
      // A group that stayed at home has no member here: then its session's leader stands for it.
      int pgid = t.getForeground();
      if (leader != null && !ForegroundGroup.set(leader, pgid)) {
        pgid = t.getSid();
        ForegroundGroup.set(leader, pgid);
      }
      if (!own) {
        session.streams().foregroundSet(t.getStandIn().getId(), pgid);
      }
    }
  }

  /** Its parent has taken its end at the source: here nothing may be left of it. */
  private void endedMeanwhile(Vessel gone) {
    int parent = ProcFs.stat("/proc/" + gone.pid() + "/stat").ppid();
    Stream.concat(vessels.values().stream(), sandbox.known().values().stream())
        .filter(v -> v.pid() == parent)
        .findFirst()
        .orElse(sandbox.init())
        .killChild(gone);
  }

  @Override
  public void prepare() {
    session
        .tracer()
        .run(() -> {
          restore().prepare();
          restore().holdInDoubt();
          sandbox.known().values().forEach(Vessel::outliveStopped);
          if (outlived) {
            sandbox.init().outliveStopped();
          }
        });
  }

  @Override
  protected void resumed(TreeImage image) {
    session.arrivedStopped(
        image.getProcessesList().stream()
            .filter(ProcessImage::getStopped)
            .map(ProcessImage::getPid)
            .toList());
    session.runsHere();
  }

  @Override
  protected void undo() {
    vessels.values().forEach(Vessel::kill);
    session.leaveSandbox();
    session.end();
  }
}
