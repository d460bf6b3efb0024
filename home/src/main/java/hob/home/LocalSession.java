package hob.home;

import hob.home.proto.Continued;
import hob.home.proto.Empty;
import hob.home.proto.EngineEvent;
import hob.home.proto.Exited;
import hob.home.proto.Kill;
import hob.home.proto.Signal;
import hob.home.proto.Stopped;
import hob.home.proto.StreamEvent;
import hob.image.Capture;
import hob.image.Shadow;
import hob.image.SignalDelivery;
import hob.image.Tracer;
import hob.image.TreeWalk;
import hob.image.Vessel;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.PidFd;
import hob.linux.Poller;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Sys;
import hob.linux.WaitStatus;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.Set;
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
  private static final int SIGWINCH = 28;
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
  private final Runnable onEnd;

  volatile long incarnation;
  volatile String location;
  volatile Role role = Role.RESIDENT;
  int leasedFrom;
  final Map<Integer, Shadow> shadows = new LinkedHashMap<>();
  final Map<Integer, Integer> hostPids = new LinkedHashMap<>();
  private final Map<Integer, Fd> pidfds = new LinkedHashMap<>();
  private final List<Signal> held = new ArrayList<>();
  private final List<Exited> early = new ArrayList<>();
  @Nullable Sandbox sandbox;
  private @Nullable Fd resident;
  private final List<Integer> paused = new ArrayList<>();
  boolean busy;

  LocalSession(
      SessionId id,
      EngineLink link,
      Poller poller,
      EngineFiles files,
      String location,
      Runnable onEnd) {
    this.id = id;
    this.tracer = new Tracer(id.toString());
    this.link = link;
    this.poller = poller;
    this.files = files;
    this.streams = new SessionStreams(atHome(), poller, this::stream);
    this.location = location;
    this.onEnd = onEnd;
  }

  SessionId id() {
    return id;
  }

  Tracer tracer() {
    return tracer;
  }

  SessionStreams streams() {
    return streams;
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
      case CONTINUED -> shadowStops(e.getContinued().getPid(), Signals.SIGCONT);
      case EMPTY -> {
        if (peer.equals(location) && atHome()) {
          emptied();
        }
      }
      case STREAM -> streams.receive(e.getStream());
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
    if (host != null) {
      SignalDelivery.deliver(host, s.getPid(), s.getInfo().toByteArray());
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
    for (Exited e : List.copyOf(early)) {
      early.remove(e);
      shadowEnds(e);
    }
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
      if (ByteBuffer.wrap(info).order(ByteOrder.LITTLE_ENDIAN).getInt(0) == SIGWINCH) {
        streams.tellWindows();
      }
      if (!own(info)) {
        send(EngineEvent.newBuilder().setSignal(signalOf(s.nsPid(), info)));
      }
    }
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
    ByteBuffer b = ByteBuffer.wrap(info).order(ByteOrder.LITTLE_ENDIAN);
    int signal = b.getInt(0);
    int code = b.getInt(8);
    int sender = b.getInt(16);
    if (signal == Signals.SIGCHLD && code > 0) {
      return true;
    }
    return code == 0 && sender == ProcessHandle.current().pid();
  }

  private void shadowStopped(Shadow s, WaitStatus w) {
    if (w.gone()) {
      if (w.pid() == s.pid() && shadows.remove(s.nsPid()) != null) {
        poller.remove(s.signals(), s::release);
        LOG.log(System.Logger.Level.INFO, "session {0}: shadow {1} ended ({2})", id, s.nsPid(), w);
        send(EngineEvent.newBuilder().setKill(Kill.newBuilder().setPid(s.nsPid())));
        save();
      }
      return;
    }
    int tid = w.pid();
    if (w.event() == WaitStatus.EVENT_STOP) {
      if (w.stopSignal() == Signals.SIGTRAP) {
        Ptrace.cont(tid, 0);
        return;
      }
      if (tid == s.pid() && !stoppedByUs.remove(tid)) {
        byte[] info = new byte[Ptrace.SIGINFO];
        ByteBuffer.wrap(info).order(ByteOrder.LITTLE_ENDIAN).putInt(Signals.SIGSTOP);
        send(EngineEvent.newBuilder().setSignal(signalOf(s.nsPid(), info)));
      }
      Ptrace.listen(tid);
      return;
    }
    Ptrace.cont(tid, w.event() == 0 ? w.stopSignal() : 0);
  }

  private final Set<Integer> stoppedByUs = new HashSet<>();

  private void shadowStops(int pid, int signal) {
    Shadow s = shadows.get(pid);
    if (s == null) {
      return;
    }
    if (signal != Signals.SIGCONT) {
      stoppedByUs.add(s.pid());
      Signals.kill(s.pid(), Signals.SIGSTOP);
    } else {
      Signals.kill(s.pid(), Signals.SIGCONT);
    }
  }

  private void shadowEnds(Exited e) {
    if (role != Role.SHADOWS || busy) {
      early.add(e);
      return;
    }
    Shadow s = shadows.remove(e.getPid());
    if (s == null) {
      return;
    }
    streams.awaitDrained(DRAIN);
    unwatchShadow(s);
    s.end(e.getStatus());
    save();
  }

  private void emptied() {
    for (Shadow s : List.copyOf(shadows.values())) {
      LOG.log(
          System.Logger.Level.WARNING,
          "session {0}: process {1} ended without a status",
          id,
          s.nsPid());
      shadowEnds(Exited.newBuilder().setPid(s.nsPid()).setStatus(Signals.SIGKILL).build());
    }
    end();
  }

  // ---- abroad

  /** Starts to watch the sandbox's processes; all stand in their places. */
  void watchForeign() {
    Sandbox s = Objects.requireNonNull(sandbox);
    watchVessel(s.init());
    s.known().values().forEach(this::watchVessel);
    hostPids.forEach(this::watchProcess);
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
      childChanged(Ptrace.signalInfo(v.pid()));
      v.stoppedAgain();
      Sandbox s = sandbox;
      if (s != null && v == s.init()) {
        noteEnds();
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

  private void childChanged(byte[] info) {
    ByteBuffer b = ByteBuffer.wrap(info).order(ByteOrder.LITTLE_ENDIAN);
    int code = b.getInt(8);
    int pid = b.getInt(16);
    int status = b.getInt(24);
    if (!paused.isEmpty()) {
      return;
    }
    if (code == CLD_STOPPED) {
      send(EngineEvent.newBuilder().setStopped(Stopped.newBuilder().setPid(pid).setSignal(status)));
    } else if (code == CLD_CONTINUED) {
      send(EngineEvent.newBuilder().setContinued(Continued.newBuilder().setPid(pid)));
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

  static char state(int pid) {
    try {
      return ProcFs.stat("/proc/" + pid + "/stat").state();
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
    send(EngineEvent.newBuilder().setExited(Exited.newBuilder().setPid(nsPid).setStatus(status)));
    reapFromParent(host);
    save();
    checkEmpty();
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
    if (role == Role.FOREIGN && !busy && sandbox != null && tree().isEmpty()) {
      send(EngineEvent.newBuilder().setEmpty(Empty.getDefaultInstance()));
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
    LOG.log(System.Logger.Level.WARNING, "session {0}: home is not heard, frozen", id);
  }

  /** The home is heard again. */
  void unpause() {
    for (int pid : paused) {
      try {
        Capture.release(pid);
      } catch (LinuxException e) {
        LOG.log(System.Logger.Level.DEBUG, "process {0} ended meanwhile: {1}", pid, e.getMessage());
      }
    }
    if (!paused.isEmpty()) {
      LOG.log(System.Logger.Level.INFO, "session {0}: home is heard again, goes on", id);
    }
    paused.clear();
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
    sandbox = null;
    hostPids.clear();
  }

  // ---- both

  /** After a move ended, one way or the other: what waited is delivered. */
  void settled() {
    busy = false;
    for (Signal s : List.copyOf(held)) {
      held.remove(s);
      if (atHome() || role == Role.FOREIGN) {
        signal(s);
      } else {
        send(EngineEvent.newBuilder().setSignal(s));
      }
    }
    if (role == Role.SHADOWS) {
      shadows.values().forEach(this::pump);
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
    tracer.submit(() -> {
      if (role == Role.RESIDENT) {
        end();
      }
    });
  }

  /** Leaves home. */
  void unwatchResident() {
    Fd pidfd = resident;
    if (pidfd != null) {
      poller.remove(pidfd, pidfd::close);
      resident = null;
    }
  }

  /** The session is over here. */
  void end() {
    unwatchResident();
    streams.close();
    files.forget(id);
    onEnd.run();
    tracer.close();
    link.sessionEnded(id);
  }

  /** Notes what stands here for the next daemon. */
  void save() {
    Properties p = new Properties();
    p.setProperty("session", id.toString());
    p.setProperty("role", role.name());
    p.setProperty("incarnation", String.valueOf(incarnation));
    p.setProperty("location", location);
    p.setProperty("lease", String.valueOf(leasedFrom));
    int i = 0;
    for (Shadow s : shadows.values()) {
      p.setProperty(
          "shadow." + i++,
          s.nsPid() + " " + s.pid() + " " + start(s.pid()) + " " + Long.toHexString(s.code()));
    }
    i = 0;
    for (var e : hostPids.entrySet()) {
      p.setProperty("process." + i++, e.getKey() + " " + e.getValue() + " " + start(e.getValue()));
    }
    Sandbox s = sandbox;
    if (s != null) {
      p.setProperty("init", "1 " + s.init().pid() + " " + start(s.init().pid()));
      i = 0;
      for (Vessel v : s.known().values()) {
        p.setProperty("known." + i++, v.nsPid() + " " + v.pid() + " " + start(v.pid()));
      }
    }
    files.save(id, p);
  }

  static long start(int pid) {
    try {
      return ProcFs.stat("/proc/" + pid + "/stat").startTime();
    } catch (LinuxException e) {
      return 0;
    }
  }
}
