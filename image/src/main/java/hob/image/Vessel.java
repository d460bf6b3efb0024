package hob.image;

import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.ProcessMemory;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Sys;
import hob.linux.Wait;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A process that holds a pid and waits to be made into another: a fresh stub, or a shadow. All its
 * threads are stopped. Only the tracer's thread.
 */
public final class Vessel {
  private static final int CLONE_PARENT = 0x8000;
  static final int CLONE_NEWPID = 0x20000000;
  private static final int P_ALL = 0;
  private static final int WNOHANG = 1;
  private static final int WSTOPPED = 2;
  private static final int WCONTINUED = 8;
  private static final int __WALL = 0x40000000;

  /** What it is traced with: the processes and threads that it makes are traced too. */
  static final int OPTIONS =
      Tracee.OPTIONS | Ptrace.O_TRACEFORK | Ptrace.O_TRACEVFORK | Ptrace.O_TRACECLONE;

  private final int pid;
  private final int nsPid;
  private final long code;
  private final long scratch;
  private final boolean reused;
  private Tracee leader;
  private int leaderNsTid;
  private boolean newborn;
  private final Map<Integer, Tracee> parked = new LinkedHashMap<>();
  private int sid;
  private @Nullable Foothold foothold;

  /**
   * A stopped process.
   *
   * @param code where {@link MachineCode} stands in it
   * @param scratch where 256 bytes may be written
   * @param reused a shadow or made by one: its process state is not that of a fresh stub
   */
  Vessel(Tracee leader, int nsPid, long code, long scratch, boolean reused) {
    this(leader.tid(), leader, nsPid, code, scratch, reused);
  }

  /**
   * The same, of one whose first thread may have ended.
   *
   * @param leader that one, or another
   */
  Vessel(int pid, Tracee leader, int nsPid, long code, long scratch, boolean reused) {
    this.pid = pid;
    this.leader = leader;
    this.leaderNsTid = leader.tid() == pid ? nsPid : NamespacePid.of(leader.tid());
    this.nsPid = nsPid;
    this.code = code;
    this.scratch = scratch;
    this.reused = reused;
  }

  /**
   * A stub of this host's own namespaces, from which sandboxes grow. Dies with this daemon unless
   * {@link #outlive} is called.
   */
  public static Vessel seed(String name) {
    Tracee t = Stub.start(name, OPTIONS & ~Tracee.OPTIONS | Ptrace.O_EXITKILL);
    return new Vessel(t, t.tid(), Stub.CODE, t.base()[MachineCode.RSP] - 4096, false);
  }

  /** Host pid. */
  public int pid() {
    return pid;
  }

  /** Thread id of {@link #leader}. */
  int tid() {
    return leader.tid();
  }

  /** Pid in its own namespace. */
  public int nsPid() {
    return nsPid;
  }

  /** The thread that calls are injected into: its first one, or another when that has ended. */
  Tracee leader() {
    return leader;
  }

  /** Id in its namespace of the thread that {@link #leader} is. */
  int leaderNsTid() {
    return leaderNsTid;
  }

  /** The parked thread with this id in its namespace is the leader from now on. */
  void lead(int other) {
    leader = Objects.requireNonNull(parked.remove(other));
    leaderNsTid = other;
  }

  long code() {
    return code;
  }

  long scratch() {
    return scratch;
  }

  /** Whether it is a shadow, which has the filters that its process had when it left. */
  boolean hasFilters() {
    return reused && !newborn;
  }

  boolean reused() {
    return reused;
  }

  /** Session in its namespace, as far as set here; 0 when inherited from outside. */
  int sid() {
    return sid;
  }

  void sid(int value) {
    sid = value;
  }

  /** Threads beside the leader, by their thread id in the namespace. */
  Map<Integer, Tracee> parked() {
    return parked;
  }

  /** Runs a system call in it; {@code -errno} on failure. */
  public long inject(int nr, long... arguments) {
    return leader.call(code + MachineCode.SINGLE, nr, arguments);
  }

  /** Runs a system call in it that must succeed. */
  public long must(String name, int nr, long... arguments) {
    return Sys.check(inject(nr, arguments), name, "in pid " + pid());
  }

  /** Puts bytes into its scratch space at {@code offset}; returns the address. */
  public long put(int offset, byte[] bytes) {
    ProcessMemory.write(tid(), scratch + offset, bytes);
    return scratch + offset;
  }

  /** Puts a string there. */
  public long put(int offset, String s) {
    return put(
        offset,
        java.util.Arrays.copyOf(
            s.getBytes(java.nio.charset.StandardCharsets.UTF_8), s.length() + 1));
  }

  /** Becomes the init process of a new pid namespace's child: the next {@link #fork} has pid 1. */
  public Vessel forkInit() {
    return clone(1, CLONE_NEWPID, Signals.SIGCHLD, false);
  }

  /**
   * A child with a pid of one's choice in the innermost namespace.
   *
   * @param exitSignal what its parent gets at its end
   */
  public Vessel fork(int pid, int exitSignal) {
    return fork(pid, exitSignal, 0);
  }

  /**
   * The same, of one that shares tables.
   *
   * @param shared as {@link TablesMade} gives it
   */
  public Vessel fork(int pid, int exitSignal, long shared) {
    return clone(pid, shared, exitSignal, true);
  }

  /** A child with whatever pid is free. */
  Vessel fork() {
    put(0, Bytes.of(88).array());
    return adopted((int) must("clone3", Nr.CLONE3, scratch, 88));
  }

  /** A sibling: a child of this process's parent. */
  public Vessel forkSibling(int pid) {
    return forkSibling(pid, 0);
  }

  /** The same, of one that shares tables. */
  public Vessel forkSibling(int pid, long shared) {
    return clone(pid, CLONE_PARENT | shared, 0, true);
  }

  private Vessel clone(int pid, long flags, int exitSignal, boolean setTid) {
    LongSupplier plain = () -> clone(flags, exitSignal, 0);
    long r =
        setTid
            ? ChosenPid.clone(pid, () -> clone(flags, exitSignal, pid), plain, this::endNewborn)
            : plain.getAsLong();
    Sys.check(r, "clone3", "pid " + pid, "from " + pid());
    return adopted(pid);
  }

  private long clone(long flags, int exitSignal, int pid) {
    // struct clone_args, 88 bytes, and the pid behind it.
    var args = Bytes.of(96);
    args.putLong(0, flags).putLong(32, exitSignal);
    if (pid != 0) {
      args.putLong(64, scratch + 88).putLong(72, 1).putInt(88, pid);
    }
    put(0, args.array());
    return inject(Nr.CLONE3, scratch, 88);
  }

  private void endNewborn() {
    int newborn = adopted(0).pid();
    Signals.kill(newborn, Signals.SIGKILL);
    Capture.awaitEnd(newborn);
  }

  private Vessel adopted(int pid) {
    int host = leader.newborn();
    Wait.of(host);
    Tracee t = new Tracee(host);
    t.base(Ptrace.registers(host));
    Ptrace.signalMask(host, Tracee.ALL_BUT_TRAP);
    Vessel v = new Vessel(t, pid, code, scratch, reused);
    v.newborn = true;
    v.sid = sid;
    return v;
  }

  /** Opens a terminal, which then controls the session that it leads. */
  public void control(int number) {
    String path = "/dev/pts/" + number;
    long fd = must("open " + path, Nr.OPENAT, -100, put(0, path), Fd.O_RDWR, 0);
    must("close", Nr.CLOSE, fd);
  }

  /** Maps another hole, at a place of one's choice. */
  Hole openHole(long at) {
    return Hole.openAt(leader, tid(), code + MachineCode.SINGLE, at);
  }

  /**
   * Makes ahead what the rebuilding will need, in a fresh one that shares no tables: it can have no
   * descriptors from then on.
   */
  public void makeReady() {
    foothold = Foothold.ahead(this);
  }

  /** What {@link #makeReady} has made, for the caller to close; null if there is nothing. */
  @Nullable Foothold takeFoothold() {
    Foothold f = foothold;
    foothold = null;
    return f;
  }

  private void dropFoothold() {
    Foothold f = takeFoothold();
    if (f != null) {
      f.close();
    }
  }

  /** Survives this daemon. */
  public void outlive() {
    Ptrace.setOptions(tid(), OPTIONS);
  }

  /**
   * Outlives this daemon although it stands at a stop: should its tracer end, it waits for ever
   * instead of running on behind the last call that it made, into nothing.
   */
  public void outliveStopped() {
    long[] r = leader.base();
    r[MachineCode.RIP] = code + MachineCode.PARK;
    r[MachineCode.ORIG_RAX] = -1;
    Ptrace.registers(tid(), r);
    outlive();
  }

  /** Lets it wait for ever, and is its tracer no more. */
  void release() {
    long[] r = leader.base();
    r[MachineCode.RIP] = code + MachineCode.PARK;
    r[MachineCode.ORIG_RAX] = -1;
    Ptrace.registers(tid(), r);
    Ptrace.detach(tid(), 0);
  }

  /** Dies with this daemon. */
  public void perish() {
    Ptrace.setOptions(tid(), OPTIONS | Ptrace.O_EXITKILL);
  }

  /**
   * Lets it wait for ever; it stays traced, and of all signals that can be blocked only SIGCHLD
   * reaches its tracer.
   */
  public void park() {
    Ptrace.signalMask(tid(), ~Signals.bit(Signals.SIGCHLD));
    long[] r = leader.base();
    r[MachineCode.RIP] = code + MachineCode.PARK;
    r[MachineCode.ORIG_RAX] = -1;
    Ptrace.registers(tid(), r);
    Ptrace.cont(tid(), 0);
  }

  /** Stops it again after {@link #park}. */
  public void unpark() {
    Sys.check(Ptrace.interrupt(tid()), "PTRACE_INTERRUPT", tid());
    while (Wait.of(tid()).event() != hob.linux.WaitStatus.EVENT_STOP) {
      Ptrace.cont(tid(), 0);
    }
    stoppedAgain();
  }

  /** After {@link #park}, when it stands at a stop that its tracer has seen. */
  public void stoppedAgain() {
    Ptrace.signalMask(tid(), Tracee.ALL_BUT_TRAP);
  }

  /**
   * Takes up a vessel that an earlier daemon parked; it stands still afterwards.
   *
   * @param pid host pid
   * @param nsPid its pid in its namespace
   */
  public static Vessel takeUp(int pid, int nsPid) {
    Sys.check(Ptrace.seize(pid, OPTIONS), "PTRACE_SEIZE", pid);
    Tracee t = new Tracee(pid);
    Vessel v = new Vessel(t, nsPid, Stub.CODE, 0, false);
    v.unpark();
    t.base(Ptrace.registers(pid));
    return new Vessel(t, nsPid, Stub.CODE, t.base()[MachineCode.RSP] - 4096, false);
  }

  /**
   * Takes the news that a child has stopped or goes on.
   *
   * @return siginfo_t; empty when there is no more
   */
  public byte[] waitForChange() {
    long at = put(0, new byte[Ptrace.SIGINFO]);
    long r = inject(Nr.WAITID, P_ALL, 0, at, WSTOPPED | WCONTINUED | WNOHANG | __WALL, 0);
    if (Sys.failed(r)) {
      // ECHILD: it has no children.
      return new byte[0];
    }
    byte[] info = ProcessMemory.read(tid(), at, Ptrace.SIGINFO);
    return Bytes.of(info).getInt(16) == 0 ? new byte[0] : info;
  }

  /** Ends it and takes its end as its tracer; its parent still has to reap it. */
  public void kill() {
    dropFoothold();
    Signals.kill(pid(), Signals.SIGKILL);
    parked.values().forEach(t -> Capture.awaitEnd(t.tid()));
    Capture.awaitEnd(tid());
  }

  /** Ends one of its children, of which nothing is left afterwards. */
  public void killChild(Vessel child) {
    child.kill();
    reap(child);
  }

  /** Reaps a child that has ended. */
  void reap(Vessel child) {
    must("wait4", Nr.WAIT4, child.nsPid(), 0, __WALL, 0);
  }

  /** Ends it with a wait status. */
  public void end(int waitStatus) {
    dropFoothold();
    int signal = waitStatus & 0x7f;
    if (signal == 0) {
      long[] r = leader.base();
      r[MachineCode.RIP] = code + MachineCode.EXIT;
      r[MachineCode.RDI] = waitStatus >> 8 & 0xff;
      r[MachineCode.ORIG_RAX] = -1;
      Ptrace.registers(tid(), r);
      Ptrace.cont(tid(), 0);
    } else if (signal == Signals.SIGKILL) {
      Signals.kill(pid(), signal);
    } else {
      Ptrace.signalMask(tid(), ~Signals.bit(signal));
      Signals.tkill(tid(), signal);
      Ptrace.cont(tid(), 0);
      var s = Wait.of(tid());
      while (s.stopped() && !(s.event() == 0 && s.stopSignal() == signal)) {
        Ptrace.cont(tid(), 0);
        s = Wait.of(tid());
      }
      if (s.gone()) {
        return;
      }
      Ptrace.cont(tid(), signal);
    }
    parked.values().forEach(t -> Capture.awaitEnd(t.tid()));
    Capture.awaitEnd(tid());
  }
}
