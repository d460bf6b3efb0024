package hob.home;

import hob.home.net.GuestNetwork;
import hob.home.net.HostNetwork;
import hob.home.proto.Continued;
import hob.home.proto.Empty;
import hob.home.proto.EngineEvent;
import hob.home.proto.Exited;
import hob.home.proto.Heard;
import hob.home.proto.Kill;
import hob.home.proto.Signal;
import hob.home.proto.Stopped;
import hob.home.proto.StreamEvent;
import hob.image.Capture;
import hob.image.ForegroundGroup;
import hob.image.FreshExec;
import hob.image.Masks;
import hob.image.PtsDevice;
import hob.image.Refusal;
import hob.image.RefusedException;
import hob.image.Shadow;
import hob.image.SignalDelivery;
import hob.image.SystemVUse;
import hob.image.ThreadPlace;
import hob.image.Tracer;
import hob.image.TreeWalk;
import hob.image.Vessel;
import hob.image.proto.ProcessImage;
import hob.image.proto.TreeImage;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.PidFd;
import hob.linux.Poller;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Sys;
import hob.linux.SystemV;
import hob.linux.WaitStatus;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * A session on this host: its tracer, and either shadows (this is its home and the tree is away),
 * or a sandbox with foreign processes, or neither (the tree runs here at home as ordinary
 * processes).
 *
 * <p>All fields belong to the tracer's thread, but those that are final or volatile.
 */
final class LocalSession {
  private static final System.Logger LOG = System.getLogger(LocalSession.class.getName());
  private static final int SI_KERNEL = 0x80;
  private static final int CLD_STOPPED = 5;
  private static final int CLD_CONTINUED = 6;
  private static final Duration DRAIN = Duration.ofSeconds(20);

  /** What stands here. */
  enum Role {
    /** Ordinary processes at home. */
    RESIDENT,
    /** Shadows at home. */
    SHADOWS,
    /** Foreign processes. */
    FOREIGN,
    /** A source that waits for its home's word. */
    DOUBT_SOURCE,
    /** A target that waits for its home's word. */
    DOUBT_TARGET
  }

  private final SessionId id;
  private final Tracer tracer;
  private final EngineLink link;
  private final Poller poller;
  private final EngineFiles files;
  private final SessionStreams streams;
  private final HostNetwork hostNetwork;
  private final Runnable onEnd;

  volatile long incarnation;
  volatile String location;
  volatile Role role = Role.RESIDENT;
  int leasedFrom;

  /** The number of the move that is bringing it home; 0 when none is. */
  long arriving;

  /** Signals that its shadows took and that nobody has yet, while it comes home. */
  final List<Signal> taken = new ArrayList<>();

  /** Signals that are pending in the image of a tree in doubt: those that came since are not. */
  final List<Signal> along = new ArrayList<>();

  /** Those of its processes, by home pid, that a user had stopped before they moved. */
  final Set<Integer> userStopped = new HashSet<>();

  /** What an earlier daemon had as shadows: host pid by home pid. */
  final Map<Integer, Integer> formerShadows = new LinkedHashMap<>();

  final Map<Integer, Shadow> shadows = new LinkedHashMap<>();
  final Map<Integer, Integer> hostPids = new LinkedHashMap<>();
  private final Map<Integer, Fd> pidfds = new LinkedHashMap<>();
  private final List<Signal> held = new ArrayList<>();

  /**
   * Abroad: how processes ended, by home pid, as long as the home has not said that it knows. Any
   * thread may look.
   */
  final Map<Integer, Integer> untold = new ConcurrentSkipListMap<>();

  private final List<Exited> early = new ArrayList<>();
  private final List<EngineEvent> ahead = new ArrayList<>();
  private final Set<Integer> stopped = new HashSet<>();
  private final Set<Integer> continued = new HashSet<>();
  private final Set<Integer> arrivedStopped = new HashSet<>();
  final HomeGroups groups = new HomeGroups();
  @Nullable Sandbox sandbox;

  /** Abroad: the sandbox's; null when it has none but its loopback device. */
  @Nullable GuestNetwork network;

  private @Nullable Fd resident;
  final Set<Integer> paused = new LinkedHashSet<>();

  /** Shadows whose processes ended abroad, and their parents: zombies here until these are home. */
  final Map<Integer, Integer> endedAway = new LinkedHashMap<>();

  private @Nullable Fd places;

  /** Masks of processes, by host pid, that work on their stops changes for a moment. */
  private final Map<Integer, Long> masks = new LinkedHashMap<>();

  boolean busy;
  private @Nullable SessionNotes saved;
  private volatile boolean over;

  /** To be told of {@link #filesLost} when it is not busy any more. */
  private boolean hasLostFiles;

  /** The last process of the session has ended abroad. */
  private boolean empty;

  /** System V objects that it left behind there. */
  private final Set<SystemV.Id> ipcLeft = new HashSet<>();

  /** The process that stands at the end of its exec, 0 when none does. */
  private int caught;

  LocalSession(
      SessionId id,
      EngineLink link,
      Poller poller,
      EngineFiles files,
      HostNetwork hostNetwork,
      String location,
      Runnable onEnd) {
    this.id = id;
    this.tracer = new Tracer(id.toString());
    this.link = link;
    this.poller = poller;
    this.files = files;
    this.streams = new SessionStreams(atHome(), poller, this::stream);
    this.location = location;
    this.hostNetwork = hostNetwork;
    this.onEnd = onEnd;
  }

  SessionId id() {
    return id;
  }

  Tracer tracer() {
    return tracer;
  }

  HostNetwork hostNetwork() {
    return hostNetwork;
  }

  SessionStreams streams() {
    return streams;
  }

  /** Whether nothing of it is here any more. */
  boolean isOver() {
    return over;
  }

  boolean atHome() {
    return id.home().equals(link.self());
  }

  /** Host pids of the tree's processes, parents first. */
  List<Integer> tree() {
    return walk().get();
  }

  /** Finds them again and again. */
  TreeWalk walk() {
    Sandbox s = sandbox;
    if (s == null) {
      return new TreeWalk(id.pid());
    }
    Set<Integer> waiting = new HashSet<>(Set.of(s.init().pid()));
    s.known().values().forEach(v -> waiting.add(v.pid()));
    return new TreeWalk(s.init().pid(), waiting);
  }

  // ---- messages

  void send(EngineEvent.Builder event) {
    link.send(
        atHome() ? location : id.home(),
        new EngineMessage(id, incarnation, event.build().toByteArray()));
  }

  private void stream(StreamEvent event) {
    if (!atHome() || !location.equals(link.self())) {
      send(EngineEvent.newBuilder().setStream(event));
    }
  }

  /** On the tracer's thread. */
  void receive(String peer, EngineEvent e) {
    if (atHome() && role == Role.DOUBT_SOURCE && busy) {
      // The tree runs abroad already, and its shadows are about to be made.
      ahead.add(e);
      return;
    }
    switch (e.getEventCase()) {
      case SIGNAL -> {
        if (atHome() && !location.equals(link.self())) {
          send(EngineEvent.newBuilder().setSignal(e.getSignal()));
        } else {
          signal(e.getSignal());
        }
      }
      case KILL -> signalAll(e.getKill().getPid());
      case EXITED -> shadowEnds(e.getExited());
      case STOPPED -> shadowStops(e.getStopped().getPid(), e.getStopped().getSignal());
      case HEARD -> {
        if (untold.remove(e.getHeard().getPid()) != null) {
          save();
          checkEmpty();
        }
      }
      case CONTINUED -> shadowStops(e.getContinued().getPid(), Signals.SIGCONT);
      case EMPTY -> {
        if (peer.equals(location) && atHome()) {
          // It may have ended before its shadows are made.
          empty = true;
          ipcLeft.clear();
          e.getEmpty().getIpcList().forEach(i -> ipcLeft.add(SystemV.Id.parse(i)));
          emptied();
        }
      }
      case STREAM -> {
        if (e.getStream().hasForeground() && !atHome()) {
          foreground(e.getStream());
        } else {
          streams.receive(e.getStream());
        }
      }
      case EVENT_NOT_SET ->
          LOG.log(
              System.Logger.Level.WARNING, "session {0}: message of a newer version ignored", id);
    }
  }

  private void signal(Signal s) {
    if (busy) {
      held.add(s);
      return;
    }
    Integer host = atHome() ? (Integer) s.getPid() : hostPids.get(s.getPid());
    if (host != null && !(s.getTyped() && typed(host, s))) {
      SignalDelivery.deliver(host, s.getPid(), s.getInfo().toByteArray());
    }
  }

  /** For the whole foreground group, as the kernel would here. */
  private boolean typed(int host, Signal s) {
    try {
      int terminal = PtsDevice.controlling(ProcFs.stat("/proc/" + host + "/stat"));
      return terminal != 0 && streams.typed(terminal, signalNumber(s.getInfo().toByteArray()));
    } catch (LinuxException e) {
      return false;
    }
  }

  /**
   * The home's foreground group is another one. Who leads the session stayed at home then, so a
   * process that waits has its place here.
   */
  private void foreground(StreamEvent e) {
    Sandbox s = sandbox;
    int pgid = e.getForeground().getPgid();
    int device = streams.foreground(e.getStream(), pgid);
    if (s == null || busy || device == 0) {
      return;
    }
    for (Vessel v : s.known().values()) {
      ProcFs.Stat stat = ProcFs.stat("/proc/" + v.pid() + "/stat");
      if (stat.sid() == v.pid() && PtsDevice.controlling(stat) == device) {
        v.unpark();
        if (!ForegroundGroup.set(v, pgid)) {
          ForegroundGroup.set(v, v.nsPid());
          streams.foregroundSet(e.getStream(), v.nsPid());
        }
        v.park();
        return;
      }
    }
  }

  private void signalAll(int pid) {
    Integer host = hostPids.get(pid);
    if (host != null) {
      Signals.kill(host, Signals.SIGKILL);
    }
  }

  // ---- home: shadows

  /** Starts to watch shadows that have just been made or taken up. */
  void watchShadows(List<Shadow> made) {
    for (Shadow s : made) {
      shadows.put(s.nsPid(), s);
      for (int tid : s.tids()) {
        tracer.watch(tid, w -> shadowStopped(s, w));
      }
      poller.add(s.signals(), Poller.IN, events -> tracer.submit(() -> pump(s)));
    }
    tellShadows();
    for (Exited e : List.copyOf(early)) {
      early.remove(e);
      shadowEnds(e);
    }
  }

  /** The streams look at a shadow of a session to know its foreground group. */
  private void tellShadows() {
    List<Integer> pids = shadows.values().stream().map(Shadow::pid).toList();
    streams.sandbox(() -> pids, "/dev/pts");
  }

  /** It has not: whoever spoke of it had been given up. */
  void stayed() {
    ahead.clear();
    along.clear();
    masks.clear();
  }

  /** The tree has left its home: what came from it ahead of that is acted upon. */
  void left() {
    along.clear();
    stopsSent.clear();
    List<EngineEvent> all = List.copyOf(ahead);
    ahead.clear();
    all.forEach(e -> receive(location, e));
  }

  /**
   * Ends that, as its processes are about to come home; the shadows stay known until they are gone.
   */
  void unwatchShadow(Shadow s) {
    for (int tid : s.tids()) {
      tracer.unwatch(tid);
    }
    poller.remove(s.signals(), () -> {});
  }

  private void pump(Shadow s) {
    if (!shadows.containsKey(s.nsPid()) || busy) {
      return;
    }
    while (true) {
      byte[] b = s.signals().readSome(Shadow.MESSAGE);
      if (b.length < Shadow.MESSAGE) {
        return;
      }
      byte[] info = Arrays.copyOf(b, Ptrace.SIGINFO);
      streams.tellTerminals();
      switch (signalNumber(info)) {
        case Signals.SIGCONT -> continued.remove(s.pid());
        case Signals.SIGTSTP, Signals.SIGTTIN, Signals.SIGTTOU -> tellContinued(s);
        default -> {}
      }
      if (!own(info)) {
        forward(s, info);
      }
    }
  }

  /**
   * A signal that stops takes a SIGCONT that the shadow has not read yet out of its queue, but the
   * process did go on.
   */
  private void tellContinued(Shadow s) {
    if (continued.remove(s.pid())) {
      byte[] info = new byte[Ptrace.SIGINFO];
      littleEndian(info).putInt(Signals.SIGCONT);
      send(EngineEvent.newBuilder().setSignal(signalOf(s.nsPid(), info)));
    }
  }

  private void forward(Shadow s, byte[] info) {
    int signal = signalNumber(info);
    boolean typed = false;
    if (littleEndian(info).getInt(8) == SI_KERNEL && streams.controls(terminalOf(s))) {
      switch (signal) {
        case Signals.SIGINT, Signals.SIGQUIT, Signals.SIGTSTP -> {
          if (!speaksForGroup(s)) {
            return;
          }
          typed = true;
        }
        case Signals.SIGWINCH -> {
          // The new size, which has gone ahead, makes one there.
          return;
        }
        case Signals.SIGHUP -> {
          if (LocalSession.sid(s.pid()) == s.pid()) {
            // So does the end of the stand-in.
            return;
          }
        }
        default -> {}
      }
    }
    send(EngineEvent.newBuilder().setSignal(signalOf(s.nsPid(), info).toBuilder().setTyped(typed)));
  }

  private static int terminalOf(Shadow s) {
    try {
      return PtsDevice.controlling(ProcFs.stat("/proc/" + s.pid() + "/stat"));
    } catch (LinuxException e) {
      return 0;
    }
  }

  private static int sid(int pid) {
    try {
      return ProcFs.stat("/proc/" + pid + "/stat").sid();
    } catch (LinuxException e) {
      return 0;
    }
  }

  /** What is typed reaches every shadow of a group; one of them passes it on. */
  private boolean speaksForGroup(Shadow s) {
    int group = pgid(s.pid());
    return shadows.values().stream()
        .filter(o -> pgid(o.pid()) == group)
        .allMatch(o -> o.nsPid() >= s.nsPid());
  }

  private static int pgid(int pid) {
    try {
      return ProcFs.stat("/proc/" + pid + "/stat").pgid();
    } catch (LinuxException e) {
      return 0;
    }
  }

  private static ByteBuffer littleEndian(byte[] info) {
    return ByteBuffer.wrap(info).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int signalNumber(byte[] info) {
    return littleEndian(info).getInt(0);
  }

  /**
   * What is pending for the processes of an image, or for their leaders, but for Hob's own stops.
   */
  static List<Signal> pending(TreeImage image) {
    List<Signal> all = new ArrayList<>();
    for (ProcessImage p : image.getProcessesList()) {
      p.getSignals().getPendingList().forEach(i -> all.add(signalOf(p.getPid(), i.toByteArray())));
      if (p.getThreadsCount() > 0) {
        p.getThreads(0).getPendingList().stream()
            .filter(i -> signalNumber(i.toByteArray()) != Signals.SIGSTOP)
            .forEach(i -> all.add(signalOf(p.getPid(), i.toByteArray())));
      }
    }
    return all;
  }

  static Signal signalOf(int pid, byte[] info) {
    return Signal.newBuilder()
        .setPid(pid)
        .setInfo(com.google.protobuf.ByteString.copyFrom(info))
        .build();
  }

  /**
   * Signals that the mirroring itself causes: what this daemon sends, and a shadow's news of its
   * shadow children.
   */
  boolean own(byte[] info) {
    ByteBuffer b = littleEndian(info);
    int signal = b.getInt(0);
    int code = b.getInt(8);
    int sender = b.getInt(16);
    if (signal == Signals.SIGCHLD && code > 0) {
      return true;
    }
    return code == 0 && sender == ProcessHandle.current().pid();
  }

  /** Somebody killed here what runs elsewhere: there it is killed too. */
  void killedHere(int nsPid) {
    send(EngineEvent.newBuilder().setKill(Kill.newBuilder().setPid(nsPid)));
  }

  private void shadowStopped(Shadow s, WaitStatus w) {
    if (w.gone()) {
      if (w.pid() == s.taker() && shadows.remove(s.nsPid()) != null) {
        poller.remove(s.signals(), s::release);
        tellShadows();
        LOG.log(System.Logger.Level.INFO, "session {0}: shadow {1} ended ({2})", id, s.nsPid(), w);
        killedHere(s.nsPid());
        save();
      }
      return;
    }
    int tid = w.pid();
    boolean taker = tid == s.taker();
    if (w.event() == WaitStatus.EVENT_STOP) {
      if (w.stopSignal() == Signals.SIGTRAP) {
        if (taker && stopped.remove(s.pid())) {
          continued.add(s.pid());
        }
        Ptrace.cont(tid, 0);
        return;
      }
      if (taker) {
        stopped.add(s.pid());
        tellContinued(s);
        if (!stoppedByUs.remove(s.pid())) {
          byte[] info = new byte[Ptrace.SIGINFO];
          littleEndian(info).putInt(Signals.SIGSTOP);
          stopsSent.add(tid);
          send(EngineEvent.newBuilder().setSignal(signalOf(s.nsPid(), info)));
        }
      }
      Ptrace.listen(tid);
      return;
    }
    Ptrace.cont(tid, w.event() == 0 ? w.stopSignal() : 0);
  }

  private final Set<Integer> stoppedByUs = new HashSet<>();

  /** Shadows whose stop was sent on, and that it has happened was not heard yet. */
  private final Set<Integer> stopsSent = new HashSet<>();

  private void shadowStops(int pid, int signal) {
    Shadow s = shadows.get(pid);
    if (s == null) {
      return;
    }
    if (signal == Signals.SIGCONT) {
      // Most often the echo of one from here: a stop that has come since is not to be undone.
      if (stopped.contains(s.pid()) && !stopsSent.contains(s.pid())) {
        Signals.kill(s.pid(), Signals.SIGCONT);
      }
    } else if (!stopsSent.remove(s.pid()) && !stopped.contains(s.pid())) {
      switch (signal == Signals.SIGSTOP ? Shadow.Stop.REFUSED : s.stopBy(signal)) {
        case STANDS -> stopped.add(s.pid());
        case WENT_ON -> continued.add(s.pid());
        case REFUSED -> {
          stoppedByUs.add(s.pid());
          Signals.kill(s.pid(), Signals.SIGSTOP);
        }
      }
    }
  }

  private void shadowEnds(Exited e) {
    if (role != Role.SHADOWS || busy) {
      if (!early.contains(e)) {
        early.add(e);
      }
      return;
    }
    Shadow s = shadows.remove(e.getPid());
    if (s == null) {
      // Told twice.
      send(heard(e.getPid()));
      return;
    }
    streams.awaitDrained(DRAIN);
    unwatchShadow(s);
    tellShadows();
    stopped.remove(s.pid());
    stopsSent.remove(s.pid());
    endedAway.put(s.nsPid(), parent(s.pid()));
    continued.remove(s.pid());
    s.end(e.getStatus());
    save();
    send(heard(s.nsPid()));
  }

  static EngineEvent.Builder heard(int pid) {
    return EngineEvent.newBuilder().setHeard(Heard.newBuilder().setPid(pid));
  }

  private static int parent(int pid) {
    try {
      return ProcFs.stat("/proc/" + pid + "/stat").ppid();
    } catch (LinuxException e) {
      return 0;
    }
  }

  private void emptied() {
    if (!empty || role != Role.SHADOWS || busy) {
      return;
    }
    for (Shadow s : List.copyOf(shadows.values())) {
      LOG.log(
          System.Logger.Level.WARNING,
          "session {0}: process {1} ended without a status",
          id,
          s.nsPid());
      shadowEnds(Exited.newBuilder().setPid(s.nsPid()).setStatus(Signals.SIGKILL).build());
    }
    // What it removed abroad goes; what it left is here as it was when it went away.
    Set<SystemV.Id> removed = new HashSet<>(streams.kept());
    removed.removeAll(ipcLeft);
    removed.forEach(i -> SystemV.remove(i.kind(), i.id()));
    end();
  }

  // ---- abroad

  /** Processes that were stopped already when they came will stop, which is no news. */
  void arrivedStopped(List<Integer> nsPids) {
    arrivedStopped.addAll(nsPids);
  }

  /** Starts to watch the sandbox's processes; all stand in their places. */
  void watchForeign() {
    Sandbox s = Objects.requireNonNull(sandbox);
    watchVessel(s.init());
    s.known().values().forEach(this::watchVessel);
    hostPids.forEach(this::watchProcess);
  }

  /** The tree runs here from now on. */
  void runsHere() {
    role = Role.FOREIGN;
    userStopped.clear();
    masks.clear();
    watchForeign();
    save();
    settled();
  }

  private void watchVessel(Vessel v) {
    tracer.watch(v.pid(), w -> vesselStopped(v, w));
    v.park();
  }

  private void vesselStopped(Vessel v, WaitStatus w) {
    if (w.gone()) {
      return;
    }
    if (w.event() == 0 && w.stopSignal() == Signals.SIGCHLD) {
      v.stoppedAgain();
      childrenChanged(v);
      Sandbox s = sandbox;
      if (s != null && v == s.init()) {
        noteEnds();
        if (isOver()) {
          return;
        }
        s.reap(v);
      }
      v.park();
      checkEmpty();
      return;
    }
    if (w.event() == WaitStatus.EVENT_STOP && w.stopSignal() != Signals.SIGTRAP) {
      Ptrace.listen(v.pid());
      return;
    }
    Ptrace.cont(v.pid(), 0);
  }

  /**
   * Tells the home which of a waiting process's children stopped or went on: several may have, for
   * one SIGCHLD.
   */
  private void childrenChanged(Vessel v) {
    if (!paused.isEmpty() || busy) {
      return;
    }
    byte[] info = v.waitForChange();
    while (info.length > 0) {
      ByteBuffer b = littleEndian(info);
      int code = b.getInt(8);
      int pid = b.getInt(16);
      int status = b.getInt(24);
      if (code == CLD_STOPPED && arrivedStopped.remove(pid)) {
        // The home knows.
        info = v.waitForChange();
        continue;
      }
      if (code == CLD_STOPPED) {
        send(
            EngineEvent.newBuilder()
                .setStopped(Stopped.newBuilder().setPid(pid).setSignal(status)));
      } else if (code == CLD_CONTINUED) {
        send(EngineEvent.newBuilder().setContinued(Continued.newBuilder().setPid(pid)));
      }
      info = v.waitForChange();
    }
  }

  /**
   * Tells the home of each process here whether it stands stopped: an earlier daemon may have told
   * less, or other things.
   */
  void tellStops() {
    for (var e : hostPids.entrySet()) {
      char state = state(e.getValue());
      if (state == 'T' && !paused.contains(e.getValue())) {
        send(
            EngineEvent.newBuilder()
                .setStopped(Stopped.newBuilder().setPid(e.getKey()).setSignal(Signals.SIGSTOP)));
      } else if (state != 'Z' && state != 'X') {
        send(EngineEvent.newBuilder().setContinued(Continued.newBuilder().setPid(e.getKey())));
      }
    }
  }

  private void watchProcess(int nsPid, int host) {
    try {
      Fd pidfd = PidFd.open(host);
      pidfds.put(nsPid, pidfd);
      poller.add(
          pidfd,
          Poller.IN,
          events -> {
            poller.remove(pidfd, () -> {});
            tracer.submit(() -> ended(nsPid, host, pidfd));
          });
    } catch (LinuxException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "session {0}: process {1} is gone: {2}",
          id,
          nsPid,
          e.getMessage());
    }
  }

  /** Sends the ends of all processes that are zombies now, before somebody reaps them. */
  private void noteEnds() {
    for (var e : Map.copyOf(hostPids).entrySet()) {
      if (state(e.getValue()) == 'Z') {
        Fd pidfd = pidfds.get(e.getKey());
        if (pidfd != null) {
          ended(e.getKey(), e.getValue(), pidfd);
        }
      }
    }
  }

  /** Of the process, as ps(1) has it; of another thread when the first one has ended before it. */
  static char state(int pid) {
    try {
      char state = ProcFs.stat("/proc/" + pid + "/stat").state();
      return state == 'Z'
          ? ProcFs.stat("/proc/" + ProcFs.liveThread(pid) + "/stat").state()
          : state;
    } catch (LinuxException e) {
      return 'X';
    }
  }

  private void ended(int nsPid, int host, Fd pidfd) {
    if (busy || !hostPids.remove(nsPid, host)) {
      return;
    }
    pidfds.remove(nsPid);
    int status = statusOf(host, pidfd);
    poller.remove(pidfd, pidfd::close);
    streams.awaitDrained(DRAIN);
    // From here on the notes know it, so the kernel may forget it.
    untold.put(nsPid, status);
    save();
    tellEnd(nsPid, status);
    reapFromParent(host);
    checkEmpty();
  }

  private void tellEnd(int nsPid, int status) {
    send(EngineEvent.newBuilder().setExited(Exited.newBuilder().setPid(nsPid).setStatus(status)));
  }

  /** Abroad: the home can be told again, maybe by another daemon than before, or to another. */
  void tellEnds() {
    if (role == Role.FOREIGN) {
      untold.forEach(this::tellEnd);
      checkEmpty();
    }
  }

  /** A process ended while no daemon was here, and its parent here has reaped it. */
  void endedUnseen(int nsPid) {
    untold.put(nsPid, 0);
    tellEnd(nsPid, 0);
  }

  private static int statusOf(int host, Fd pidfd) {
    try {
      ProcFs.Stat s = ProcFs.stat("/proc/" + host + "/stat");
      if (s.state() == 'Z') {
        return (int) s.field(52);
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
    OptionalInt status = PidFd.exitStatus(pidfd);
    return status.orElse(Signals.SIGKILL);
  }

  private void reapFromParent(int host) {
    Sandbox s = sandbox;
    if (s == null) {
      return;
    }
    try {
      int parent = ProcFs.stat("/proc/" + host + "/stat").ppid();
      for (Vessel v : s.known().values()) {
        if (v.pid() == parent) {
          v.unpark();
          s.reap(v);
          v.park();
        }
      }
    } catch (LinuxException e) {
      // Reaped already.
      return;
    }
  }

  private void checkEmpty() {
    if (role == Role.FOREIGN && !busy && untold.isEmpty() && sandbox != null && tree().isEmpty()) {
      Empty.Builder left = Empty.newBuilder();
      if (streams.usesIpc()) {
        SystemVUse.there(sandbox.init().pid()).forEach(i -> left.addIpc(i.toString()));
      }
      send(EngineEvent.newBuilder().setEmpty(left));
      GuestNetwork n = network;
      if (n != null) {
        hostNetwork.ended(n);
        network = null;
      }
      leaveSandbox();
      end();
    }
  }

  /** The home is not heard: the tree stands still until it is, or until the home says otherwise. */
  void pause() {
    if (role != Role.FOREIGN || busy || !paused.isEmpty()) {
      return;
    }
    for (int pid : tree()) {
      if (state(pid) != 'T' && !Sys.failed(Signals.kill(pid, Signals.SIGSTOP))) {
        paused.add(pid);
      }
    }
    save();
    LOG.log(System.Logger.Level.WARNING, "session {0}: home is not heard, frozen", id);
  }

  /**
   * The home's files cannot be had any more; what has them as its own cannot go on. It ends when
   * whatever is at work on it is done.
   *
   * @return whether it has
   */
  boolean filesLost() {
    Sandbox s = sandbox;
    boolean lost = s != null && s.hasHomeFiles();
    if (lost && busy) {
      hasLostFiles = true;
    } else if (lost) {
      LOG.log(System.Logger.Level.WARNING, "session {0}: its home''s files are lost, it ends", id);
      tree().forEach(pid -> Signals.kill(pid, Signals.SIGKILL));
    }
    return lost;
  }

  /**
   * The tree is about to be frozen: until {@link #settled} nothing else stops it or lets it go on.
   *
   * @param other what else may be at work on it
   * @throws RefusedException when something is, or when it stands still because its home is not
   *     heard, which is no state of its own to be kept
   */
  void begin(String other) throws RefusedException {
    if (busy) {
      throw new RefusedException(new Refusal(id.pid(), "busy", other));
    }
    if (!paused.isEmpty()) {
      throw new RefusedException(
          new Refusal(id.pid(), "unheard", "stands still until its home is heard; try again"));
    }
    busy = true;
  }

  /** The home is heard again. */
  void unpause() {
    for (int pid : paused) {
      try {
        Capture.release(pid, masks(), List.of());
      } catch (LinuxException e) {
        LOG.log(System.Logger.Level.DEBUG, "process {0} ended meanwhile: {1}", pid, e.getMessage());
      }
    }
    if (!paused.isEmpty()) {
      LOG.log(System.Logger.Level.INFO, "session {0}: home is heard again, goes on", id);
      paused.clear();
      masks.clear();
      save();
    }
  }

  /** Stops to watch what is about to move or go. */
  void unwatchForeign() {
    pidfds.values().forEach(fd -> poller.remove(fd, fd::close));
    pidfds.clear();
  }

  /** Destroys the sandbox with all in it. */
  void leaveSandbox() {
    unwatchForeign();
    Sandbox s = sandbox;
    if (s != null) {
      s.known().values().forEach(v -> tracer.unwatch(v.pid()));
      tracer.unwatch(s.init().pid());
      s.destroy();
    }
    leaveNetwork();
    groups.leave();
    sandbox = null;
    hostPids.clear();
  }

  /** The sandbox has none any more, at once. */
  void leaveNetwork() {
    GuestNetwork n = network;
    if (n != null) {
      hostNetwork.leave(n);
      network = null;
    }
  }

  // ---- both

  /** After a move ended, one way or the other: what waited is delivered. */
  void settled() {
    busy = false;
    if (hasLostFiles) {
      hasLostFiles = false;
      filesLost();
    }
    for (Signal s : List.copyOf(held)) {
      held.remove(s);
      if (role == Role.RESIDENT || role == Role.FOREIGN) {
        signal(s);
      } else {
        // A shadow takes what this daemon sends it for no news.
        send(EngineEvent.newBuilder().setSignal(s));
      }
    }
    if (role == Role.SHADOWS) {
      shadows.values().forEach(this::pump);
      emptied();
    }
    if (role == Role.FOREIGN) {
      for (var e : Map.copyOf(hostPids).entrySet()) {
        char state = state(e.getValue());
        Fd pidfd = pidfds.get(e.getKey());
        if ((state == 'Z' || state == 'X') && pidfd != null) {
          ended(e.getKey(), e.getValue(), pidfd);
        }
      }
    }
  }

  /** Signals that came for the tree while it was leaving go back to the home. */
  void returnHeld() {
    for (Signal s : List.copyOf(held)) {
      held.remove(s);
      send(EngineEvent.newBuilder().setSignal(s));
    }
  }

  /** It runs at home again. */
  void cameHome() {
    stayed();
    if (arriving != 0) {
      incarnation = arriving;
    }
    forgetMove();
    location = id.home();
    hostNetwork.back(id.toString());
    streams.keepIpc(Set.of());
    role = Role.RESIDENT;
    save();
    settled();
    watchResident();
  }

  /** It was about to come home, and goes on where it was. */
  void stayedAway(List<Shadow> again) {
    held.addAll(taken);
    forgetMove();
    role = Role.SHADOWS;
    busy = false;
    watchShadows(again);
    save();
    settled();
  }

  private void forgetMove() {
    arriving = 0;
    taken.clear();
    userStopped.clear();
    masks.clear();
    formerShadows.clear();
    hostPids.clear();
  }

  /** Back at home, as ordinary processes: ends with its first process. */
  void watchResident() {
    unwatchResident();
    try {
      Fd pidfd = PidFd.open(id.pid());
      resident = pidfd;
      poller.add(pidfd, Poller.IN, events -> residentEnded(pidfd));
    } catch (LinuxException e) {
      end();
    }
  }

  /** On the poller's thread. */
  private void residentEnded(Fd pidfd) {
    poller.remove(pidfd, () -> {});
    try {
      tracer.submit(() -> {
        if (role == Role.RESIDENT) {
          end();
        }
      });
    } catch (IllegalStateException e) {
      LOG.log(System.Logger.Level.DEBUG, "session {0} is over: {1}", id, e.getMessage());
    }
  }

  /** Leaves home. */
  void unwatchResident() {
    Fd pidfd = resident;
    if (pidfd != null) {
      poller.remove(pidfd, pidfd::close);
      resident = null;
    }
  }

  /**
   * Catches its process in the exec that it waits in, see {@link FreshExec#await}. Tracer's thread.
   */
  boolean hold(Runnable proceed) {
    caught = FreshExec.await(id.pid(), proceed) ? id.pid() : 0;
    return caught != 0;
  }

  /** Whoever asks is in charge of the process that was caught, if any. */
  Set<Integer> takeCaught() {
    Set<Integer> taken = caught == 0 ? Set.of() : Set.of(caught);
    caught = 0;
    return taken;
  }

  /** A process that is still held runs on here, and the session is over unless it is elsewhere. */
  void letGo() {
    takeCaught().forEach(FreshExec::release);
    if (role == Role.RESIDENT && !busy) {
      end();
    }
  }

  /** The session is over here. */
  void end() {
    over = true;
    unwatchResident();
    streams.close();
    if (atHome()) {
      hostNetwork.over(id.toString());
    }
    forgetPlaces();
    files.forget(id);
    onEnd.run();
    tracer.close();
    link.sessionEnded(id);
  }

  /** Masks that a later daemon will know. */
  Masks masks() {
    return new Masks() {
      @Override
      public OptionalLong noted(int pid) {
        Long mask = masks.get(pid);
        return mask == null ? OptionalLong.empty() : OptionalLong.of(mask);
      }

      @Override
      public void note(int pid, long mask) {
        if (!Objects.equals(masks.put(pid, mask), mask)) {
          save();
        }
      }
    };
  }

  /** What an earlier daemon noted, or what the next {@link #save} is to note. */
  void knowMask(int pid, long mask) {
    masks.put(pid, mask);
  }

  /** As the tree is about to be in doubt: makes ready to note where its threads go on. */
  void openPlaces() {
    if (places == null) {
      places = files.openPlaces(id);
    }
  }

  /**
   * The tree is about to stop where it is and come home. What {@link #save} will have to note then
   * is noted now, since writing a file takes its time; until then it says too early what is true
   * soon, which does a later daemon no harm.
   *
   * @param masks of the processes' leaders as far as known, by home pid
   */
  void expectHome(long move, Map<Integer, Long> masks) {
    Map<Integer, Long> byHost = new HashMap<>();
    Map<Integer, Integer> hosts = new HashMap<>();
    for (Shadow s : shadows.values()) {
      hosts.put(s.nsPid(), s.pid());
      Long mask = masks.get(s.nsPid());
      if (mask != null) {
        byHost.put(s.pid(), mask);
      }
    }
    openPlaces();
    write(SessionNotes.of(this).comingHome(move, byHost, hosts));
  }

  /** Before the tree is in doubt: where its threads go on if it may run here. */
  void savePlaces(List<ThreadPlace> all) {
    Objects.requireNonNull(places).writeAll(ThreadPlace.write(all));
  }

  /** What an earlier daemon noted of threads in doubt. */
  List<ThreadPlace> savedPlaces() {
    return files.savedPlaces(id);
  }

  /** The tree is in doubt no more. */
  private void forgetPlaces() {
    if (places != null) {
      places.close();
      places = null;
      files.forgetPlaces(id);
    }
  }

  Map<Integer, Long> knownMasks() {
    return Map.copyOf(masks);
  }

  /** Notes what stands here for the next daemon; nothing when it knows that already. */
  void save() {
    write(SessionNotes.of(this));
    if (role != Role.DOUBT_SOURCE && role != Role.DOUBT_TARGET) {
      forgetPlaces();
    }
  }

  private void write(SessionNotes now) {
    if (!now.equals(saved)) {
      files.save(id, now.text());
      saved = now;
    }
  }
}
