package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.Descriptor;
import hob.image.proto.OpenFile;
import hob.image.proto.PosixTimer;
import hob.image.proto.ProcessImage;
import hob.image.proto.ThreadState;
import hob.image.proto.TreeImage;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Kcmp;
import hob.linux.LinuxException;
import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.PidFd;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Sys;
import hob.linux.Wait;
import hob.linux.WaitStatus;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A process whose life goes on elsewhere, parked to hold its pid, parent, group, session and
 * threads. All memory is gone but a page of code, one of data and the arguments; all signals are
 * blocked, and its leader takes each with its siginfo and writes it into a pipe that only this
 * daemon reads. So nothing is lost while no daemon is there, and the kernel itself keeps pending
 * queues, stops and permissions.
 *
 * <p>Only the tracer's thread, except {@link #signals}.
 */
public final class Shadow {
  /** Bytes of one message in the pipe: a siginfo_t and 8 that are unused. */
  public static final int MESSAGE = 136;

  private static final int SCRATCH = 2048;
  private static final int BUFFER = 1024;
  private static final int MASK = 1536;
  private static final int ENDS = 1600;
  private static final int RSEQ_FLAG_UNREGISTER = 1;
  private static final int PR_SET_PDEATHSIG = 1;
  private static final int F_SETOWN = 8;
  private static final int F_SETFL = 4;
  private static final int F_SETPIPE_SZ = 1031;
  private static final long WNOHANG_WALL = 0x40000001L;

  /** Whose default is that nothing happens. */
  private static final Set<Integer> IGNORED =
      Set.of(Signals.SIGCHLD, Signals.SIGCONT, Signals.SIGURG, Signals.SIGWINCH);

  /** Of the interval timers, by number. */
  private static final List<Integer> INTERVAL_SIGNALS =
      List.of(Signals.SIGALRM, Signals.SIGVTALRM, Signals.SIGPROF);

  private static final int SI_KERNEL = 0x80;
  private static final int SI_TIMER = -2;

  private final int pid;

  /** Its first thread, or another when that has ended: takes the signals. */
  private final int taker;

  private final int nsPid;
  private final long code;
  private final Map<Integer, Integer> threads;
  private final Fd signals;
  private final Ends ends;

  /** Descriptors of the pipe in the process. */
  private record Ends(int read, int write) {
    /** What pipe2(2) wrote. */
    static Ends of(byte[] two) {
      return new Ends(Bytes.of(two).getInt(0), Bytes.of(two).getInt(4));
    }

    /** As {@link #taken} finds them again; {@link Shadow#taker} stands behind them. */
    byte[] bytes(int taker) {
      return Bytes.longs(read, write, taker);
    }

    static Ends taken(int pid, long code) {
      var b = Bytes.of(ProcessMemory.read(pid, code + Hole.PAGE + Hole.TABLE + ENDS, 16));
      return new Ends((int) b.getLong(0), (int) b.getLong(8));
    }

    /** The daemon's own descriptor of the one to read from. */
    Fd open(int pid) {
      try (Fd pidfd = PidFd.open(pid)) {
        Fd fd = PidFd.get(pidfd, read);
        Sys.check(fd.fcntl(F_SETFL, Fd.O_NONBLOCK), "fcntl", "F_SETFL");
        fd.fcntl(F_SETPIPE_SZ, 1 << 16);
        return fd;
      }
    }

    List<Integer> both() {
      return List.of(read, write);
    }
  }

  private Shadow(
      int pid,
      int taker,
      int nsPid,
      long code,
      Map<Integer, Integer> threads,
      Fd signals,
      Ends ends) {
    this.pid = pid;
    this.taker = taker;
    this.nsPid = nsPid;
    this.code = code;
    this.threads = threads;
    this.signals = signals;
    this.ends = ends;
  }

  /**
   * Turns the processes of a capture into shadows. The image and pages must not be needed any more.
   *
   * @return without those that were killed meanwhile
   */
  public static List<Shadow> of(Capture capture) {
    capture.close();
    capture.leaving();
    List<Shadow> all = new ArrayList<>();
    int i = 0;
    Set<Integer> kept = new HashSet<>();
    Set<Integer> tables = new HashSet<>();
    for (FrozenProcess p : capture.frozenLeaders()) {
      ProcessImage files = files(capture.image(), capture.image().getProcesses(i));
      boolean first = tables.add(files.getPid());
      List<Integer> keeps = masters(capture.image(), files, kept);
      try {
        if (capture.inDoubt()) {
          // The program's place is taken away already: it does not run on here in any case.
          Fuse.lift(p, Fuse.ALL);
        }
        all.add(make(p, capture.image(), i, first ? files : null, keeps));
      } catch (LinuxException e) {
        if (!ProcFs.saysGone(e, p.pid())) {
          throw e;
        }
        p.threads().forEach(t -> Capture.awaitEnd(t.tid()));
      }
      i++;
    }
    capture.released();
    return all;
  }

  /** The entry that has the descriptors of a process. */
  private static ProcessImage files(TreeImage tree, ProcessImage p) {
    return tree.getProcessesList().stream()
        .filter(o -> p.getFilesWith() != 0 && o.getPid() == p.getFilesWith())
        .findFirst()
        .orElse(p);
  }

  private static long vdso(List<MapsEntry> maps) {
    return maps.stream().filter(e -> e.path().equals("[vdso]")).findFirst().orElseThrow().start();
  }

  /**
   * Descriptors of masters of pseudo-terminals: they stay open, so that nobody else gets the
   * numbers, also while no daemon runs.
   *
   * @param kept those that another shadow has already; what is found is added
   */
  private static List<Integer> masters(TreeImage tree, ProcessImage image, Set<Integer> kept) {
    List<Integer> found = new ArrayList<>();
    for (Descriptor d : image.getDescriptorsList()) {
      OpenFile f = tree.getFiles(d.getFile());
      if (f.getKind() == OpenFile.Kind.PSEUDO_TERMINAL
          && f.getMaster()
          && kept.add(f.getPseudoTerminal())) {
        found.add(d.getNumber());
      }
    }
    return found;
  }

  /** One descriptor for each master that a process has open. */
  private static List<Integer> masterDescriptors(int pid) {
    Map<Integer, Integer> found = new LinkedHashMap<>();
    for (ProcessFacts.FdFacts d : new ProcessFacts(pid).descriptors()) {
      if (PseudoTerminalFile.isMaster(d)) {
        found.putIfAbsent(PseudoTerminalFile.number(d), d.number());
      }
    }
    return new ArrayList<>(found.values());
  }

  /** The masters that a shadow which an earlier daemon left keeps open; the caller closes them. */
  public static List<Fd> masters(int pid) {
    int live = ProcFs.liveThread(pid);
    return masterDescriptors(live).stream().map(n -> SocketSurvey.here(live, n)).toList();
  }

  /**
   * One of them.
   *
   * @param files the entry that has its descriptors, which it is to close; null when another one of
   *     its table has done so
   */
  private static Shadow make(
      FrozenProcess p,
      TreeImage tree,
      int index,
      @Nullable ProcessImage files,
      List<Integer> keeps) {
    ProcessImage image = tree.getProcesses(index);
    List<MapsEntry> mine = p.facts().maps();
    p.endVisit();
    p.threads().forEach(FrozenThread::open);
    Tracee leader = p.leader().tracee();
    long at = Hole.place(mine.stream().map(Hole.Range::of).toList(), Hole.SIZE);
    Hole hole = Hole.openAt(leader, p.pid(), vdso(mine) + Vdso.syscallOffset(), at);
    survive(leader, p.pid(), hole, p.threads().stream().map(FrozenThread::tracee).toList());
    Map<Integer, Integer> threads = new LinkedHashMap<>();
    byte[][] pipe = new byte[1][];
    // The leader last: the kernel writes into the threads' memory until they have said farewell to
    // it.
    for (int i = p.threads().size() - 1; i >= 0; i--) {
      FrozenThread t = p.threads().get(i);
      Batch b = new Batch(t.tracee(), p.pid(), hole);
      forget(image.getThreads(i), b);
      take(image.getThreads(i).getPendingList(), b);
      if (i == 0) {
        take(image.getSignals().getPendingList(), b);
        if (files != null) {
          disown(tree, files, b);
          closeAllBut(keeps, b);
        }
        emptyProcess(
            image.getTimers().getPosixList().stream().map(PosixTimer::getId).toList(),
            mine,
            CommandLine.of(p.pid()),
            hole,
            pipe,
            b);
      } else {
        threads.put(t.nsTid(), t.tid());
      }
      b.run();
    }
    // The leader's calls have ended the timers: these are all that they have sent.
    for (FrozenThread t : p.threads()) {
      Batch b = new Batch(t.tracee(), p.pid(), hole);
      take(strikes(image, t.tid(), t == p.leader()), b);
      b.run();
    }
    Ends ends = Ends.of(pipe[0]);
    Fd signals = ends.open(p.pid());
    Shadow s = new Shadow(p.process(), p.pid(), p.nsPid(), hole.code(), threads, signals, ends);
    for (FrozenThread t : p.threads()) {
      if (t != p.leader()) {
        start(t.tid(), t.registers(), hole, MachineCode.PARK, ends);
      }
    }
    ProcessMemory.write(p.pid(), hole.data() + MASK, Bytes.longs(-1L));
    ProcessMemory.write(p.pid(), hole.data() + ENDS, ends.bytes(p.pid()));
    start(p.pid(), p.leader().registers(), hole, MachineCode.SHADOW, ends);
    if (p.threads().stream().anyMatch(t -> t.tracee().stopWanted())) {
      // It came since the image was taken: the shadow stops, and so does who has left.
      Signals.kill(p.pid(), Signals.SIGSTOP);
    }
    return s;
  }

  /**
   * Should this daemon end while calls are injected, the {@code int3} behind them finds a handler,
   * which waits for ever: the next daemon finds the process alive.
   */
  static void survive(Tracee leader, int pid, Hole hole, List<Tracee> threads) {
    survives(hole, threads);
    ProcessMemory.write(pid, hole.data(), MachineCode.trapAction(hole.code()));
    leader.mustCall(
        hole.single(), "rt_sigaction", Nr.RT_SIGACTION, Signals.SIGTRAP, hole.data(), 0, 8);
  }

  /** The same in a shadow, which has that action for the hole that is its own. */
  static void survives(Hole hole, List<Tracee> threads) {
    threads.forEach(t -> t.stack(hole.stack()));
  }

  /** What the kernel would touch in memory that goes away. */
  private static void forget(ThreadState t, Batch b) {
    b.room(4, 64);
    if (t.hasRseq()) {
      b.add(
          "rseq",
          Nr.RSEQ,
          t.getRseq().getPointer(),
          t.getRseq().getLength(),
          RSEQ_FLAG_UNREGISTER,
          t.getRseq().getSignature());
    }
    b.add("set_robust_list", Nr.SET_ROBUST_LIST, 0, 24);
    b.add("set_tid_address", Nr.SET_TID_ADDRESS, 0);
    var none = Bytes.of(24);
    none.putInt(8, 2);
    b.attempt("sigaltstack", Nr.SIGALTSTACK, b.data(none.array()), 0);
    b.attempt("prctl(PR_SET_PDEATHSIG)", Nr.PRCTL, PR_SET_PDEATHSIG, 0);
  }

  /**
   * Signals of the image are pending elsewhere now; only what came since is still to be sent on.
   */
  private static void take(List<ByteString> pending, Batch b) {
    for (ByteString info : pending) {
      b.room(1, 48);
      long set = b.data(Bytes.longs(Signals.bit(Bytes.of(info.toByteArray()).getInt(0))));
      b.attempt("rt_sigtimedwait", Nr.RT_SIGTIMEDWAIT, set, 0, b.data(Bytes.longs(0, 0)), 8);
    }
  }

  /**
   * Signals that timers have sent since the image was taken: the timers go on elsewhere from where
   * they were then, and strike there.
   */
  private static List<ByteString> strikes(ProcessImage image, int tid, boolean leader) {
    List<byte[]> pending = new ArrayList<>(List.of(Ptrace.pendingSignals(tid, false)));
    if (leader) {
      pending.addAll(List.of(Ptrace.pendingSignals(tid, true)));
    }
    List<ByteString> found = new ArrayList<>();
    for (byte[] info : pending) {
      int code = Bytes.of(info).getInt(8);
      int interval = INTERVAL_SIGNALS.indexOf(Bytes.of(info).getInt(0));
      boolean struck =
          code == SI_KERNEL
              && interval >= 0
              && !Bytes.allZero(image.getTimers().getItimers(interval).toByteArray());
      if (struck || code == SI_TIMER) {
        found.add(ByteString.copyFrom(info));
      }
    }
    return found;
  }

  /**
   * An end of a pipe that is closed sends its owner a signal, which a shadow would send on. What
   * leads out of the tree stays open elsewhere and keeps its owner.
   */
  private static void disown(TreeImage tree, ProcessImage image, Batch b) {
    for (Descriptor d : image.getDescriptorsList()) {
      OpenFile f = tree.getFiles(d.getFile());
      if (f.getOwner().getId() != 0 && f.getKind() != OpenFile.Kind.STAND_IN) {
        b.attempt("fcntl(F_SETOWN)", Nr.FCNTL, d.getNumber(), F_SETOWN, 0);
      }
    }
  }

  private static void closeAllBut(List<Integer> keeps, Batch b) {
    int from = 0;
    for (int k : keeps.stream().sorted().toList()) {
      if (k > from) {
        b.add("close_range", Nr.CLOSE_RANGE, from, k - 1, 0);
      }
      from = k + 1;
    }
    b.add("close_range", Nr.CLOSE_RANGE, from, 0xffffffffL, 0);
  }

  /**
   * Of all but descriptors.
   *
   * @param pipe gets what pipe2(2) writes when the batch has run
   */
  private static void emptyProcess(
      List<Integer> timers,
      List<MapsEntry> mine,
      CommandLine arguments,
      Hole hole,
      byte[][] pipe,
      Batch b) {
    b.add("pipe2", Nr.PIPE2, b.output(8, two -> pipe[0] = two), 0);
    for (int i = 0; i < 3; i++) {
      b.add("setitimer", Nr.SETITIMER, i, b.data(new byte[32]), 0);
    }
    timers.forEach(t -> b.attempt("timer_delete", Nr.TIMER_DELETE, t));
    long none = b.data(new byte[SignalState.ACTION]);
    // All are blocked; but to set the default of these would throw away those that are pending.
    long some = b.data(MachineCode.trapAction(hole.code()));
    for (int s = 1; s <= Signals.MAX; s++) {
      if (s != Signals.SIGKILL && s != Signals.SIGSTOP && s != Signals.SIGTRAP) {
        b.add("rt_sigaction", Nr.RT_SIGACTION, s, IGNORED.contains(s) ? some : none, 0, 8);
      }
    }
    for (MapsEntry e : mine) {
      // Who looks at System V shared memory finds it attached, and what was removed stays until
      // then.
      if (!e.special() && !SystemVUse.isSegment(e)) {
        arguments.unmapRest(e, b);
      }
    }
  }

  private static void start(int tid, long[] from, Hole hole, int what, Ends ends) {
    Ptrace.signalMask(tid, -1L);
    long[] r = from.clone();
    r[MachineCode.RIP] = hole.code() + what;
    r[MachineCode.ORIG_RAX] = -1;
    r[MachineCode.RSP] = hole.stack();
    r[MachineCode.R12] = hole.data() + BUFFER;
    r[MachineCode.R13] = ends.write;
    r[MachineCode.R14] = hole.data() + MASK;
    Ptrace.registers(tid, r);
    Ptrace.setOptions(tid, Tracee.OPTIONS);
    Ptrace.cont(tid, 0);
  }

  /**
   * Takes up a shadow that an earlier daemon left.
   *
   * @param code address that {@link #code} gave
   */
  public static Shadow takeUp(int pid, int nsPid, long code) {
    Map<Integer, Integer> threads = new LinkedHashMap<>();
    int live = ProcFs.liveThread(pid);
    int noted = takerOf(live, code);
    int taker = noted == 0 ? pid : noted;
    for (int tid : ProcFs.threads(pid)) {
      if (tid == pid && live != pid) {
        continue;
      }
      Sys.check(Ptrace.seize(tid, Tracee.OPTIONS), "PTRACE_SEIZE", tid);
      if (tid != taker) {
        threads.put(nsTid(pid, tid), tid);
      }
    }
    Ends ends = Ends.taken(live, code);
    return new Shadow(pid, taker, nsPid, code, threads, ends.open(live), ends);
  }

  private static int takerOf(int live, long code) {
    long at = code + Hole.PAGE + Hole.TABLE + ENDS + 16;
    return (int) ProcessMemory.readLong(live, at);
  }

  private static int nsTid(int pid, int tid) {
    return ProcessFacts.last(
        ProcFs.status("/proc/" + pid + "/task/" + tid + "/status").getOrDefault("NSpid", "" + tid));
  }

  /** Host pid. */
  public int pid() {
    return pid;
  }

  /** Host tid of the thread that takes the signals: the first one, or another if that has ended. */
  public int taker() {
    return taker;
  }

  /** Pid in its namespace: the same, at home. */
  public int nsPid() {
    return nsPid;
  }

  /** Where its code stands, for {@link #takeUp}. */
  public long code() {
    return code;
  }

  /** Read end of the pipe with {@value #MESSAGE}-byte messages, non-blocking. */
  public Fd signals() {
    return signals;
  }

  /** Host tids of its threads, the leader too if it has not ended. */
  public List<Integer> tids() {
    List<Integer> all = new ArrayList<>(threads.values());
    all.add(taker);
    return all;
  }

  /**
   * Stops it, so that its process can come home into it. Signals that it has taken are returned, in
   * order.
   */
  public Vessel vessel(List<byte[]> taken) {
    Map<Integer, Tracee> parked = new LinkedHashMap<>();
    for (var e : threads.entrySet()) {
      stop(e.getValue());
      Tracee t = new Tracee(e.getValue());
      t.base(Ptrace.registers(e.getValue()));
      Ptrace.signalMask(e.getValue(), Tracee.ALL_BUT_TRAP);
      parked.put(e.getKey(), t);
    }
    stop(taker);
    Ptrace.setOptions(taker, Vessel.OPTIONS);
    Tracee leader = new Tracee(taker);
    long[] regs = Ptrace.registers(taker);
    leader.base(regs);
    drain(taken);
    inHand(regs, taken);
    Ptrace.signalMask(taker, Tracee.ALL_BUT_TRAP);
    Ptrace.setOptions(taker, Vessel.OPTIONS);
    long scratch = code + Hole.PAGE + Hole.TABLE + SCRATCH;
    Vessel v = new Vessel(pid, leader, nsPid, code, scratch, true);
    v.parked().putAll(parked);
    return v;
  }

  private void drain(List<byte[]> taken) {
    for (byte[] b = signals.readSome(MESSAGE); b.length == MESSAGE; b = signals.readSome(MESSAGE)) {
      taken.add(Arrays.copyOf(b, Ptrace.SIGINFO));
    }
  }

  /** A signal that it had taken but not written yet when it was stopped. */
  private void inHand(long[] regs, List<byte[]> taken) {
    long offset = regs[MachineCode.RIP] - code;
    boolean written = offset == 0x8b && regs[MachineCode.RAX] == MESSAGE;
    if (offset >= 0x75
        && offset <= 0x8f
        && !written
        && !(offset < 0x79 && regs[MachineCode.RAX] <= 0)) {
      taken.add(ProcessMemory.read(taker, regs[MachineCode.R12], Ptrace.SIGINFO));
    }
  }

  private static void stop(int tid) {
    long r = Ptrace.interrupt(tid);
    Sys.check(r, "PTRACE_INTERRUPT", tid);
    while (true) {
      WaitStatus s = Wait.of(tid);
      if (s.gone()) {
        throw new LinuxException("shadow", Errno.ESRCH, s);
      }
      if (s.event() == WaitStatus.EVENT_STOP) {
        return;
      }
      Ptrace.cont(tid, s.event() == 0 ? s.stopSignal() : 0);
    }
  }

  /**
   * A vessel that was prepared and given up becomes a shadow again: a new one, in the same process.
   *
   * @param ended children of its that were killed, which it is to reap
   * @param others that have been remade before
   */
  public Shadow remake(Vessel v, List<Integer> ended, List<Shadow> others) {
    signals.close();
    return made(v, ended, others);
  }

  /**
   * Makes a shadow of what a process has become whose homecoming ended with an earlier daemon. It
   * may be anything from an untouched shadow to a whole process that stands stopped.
   *
   * @param ended children of its that were killed, which it is to reap
   * @param others that have been recalled before
   */
  public static Shadow recall(int pid, int nsPid, List<Integer> ended, List<Shadow> others) {
    Map<Integer, Tracee> parked = new LinkedHashMap<>();
    int live = ProcFs.liveThread(pid);
    Tracee leader = new Tracee(live);
    for (int tid : ProcFs.threads(pid)) {
      if (tid == pid && live != pid) {
        continue;
      }
      Sys.check(Ptrace.seize(tid, Tracee.OPTIONS), "PTRACE_SEIZE", tid);
      stop(tid);
      Tracee t = tid == live ? leader : new Tracee(tid);
      t.base(Ptrace.registers(tid));
      Ptrace.signalMask(tid, Tracee.ALL_BUT_TRAP);
      if (tid != live) {
        parked.put(nsTid(pid, tid), t);
      }
    }
    Vessel v = new Vessel(pid, leader, nsPid, 0, 0, true);
    v.parked().putAll(parked);
    Shadow s = made(v, ended, others);
    // If it stood stopped, that ends; the shadow takes the signal itself.
    Signals.kill(pid, Signals.SIGCONT);
    return s;
  }

  private static Shadow made(Vessel v, List<Integer> ended, List<Shadow> others) {
    int pid = v.tid();
    byte[][] pipe = new byte[1][];
    Map<Integer, Integer> threads = new LinkedHashMap<>();
    v.parked().forEach((nsTid, t) -> threads.put(nsTid, t.tid()));
    List<MapsEntry> mine = ProcFs.maps(pid, false);
    long at = Hole.place(mine.stream().map(Hole.Range::of).toList(), Hole.SIZE);
    List<Tracee> all = new ArrayList<>(v.parked().values());
    all.add(v.leader());
    all.forEach(t -> Ptrace.signalMask(t.tid(), Tracee.ALL_BUT_TRAP));
    Hole hole = Hole.openAt(v.leader(), pid, vdso(mine) + Vdso.syscallOffset(), at);
    survive(v.leader(), pid, hole, all);
    for (Tracee t : all) {
      Batch b = new Batch(t, pid, hole);
      ThreadState.Builder state = ThreadState.newBuilder();
      long[] rseq = Ptrace.rseq(t.tid());
      if (rseq != null) {
        state
            .getRseqBuilder()
            .setPointer(rseq[0])
            .setLength((int) rseq[1])
            .setSignature((int) rseq[2]);
      }
      forget(state.build(), b);
      if (t == v.leader()) {
        List<Integer> keeps = masterDescriptors(pid);
        others.stream()
            .filter(o -> SharedTables.same(Kcmp.FILES, pid, o.taker))
            .forEach(o -> keeps.addAll(o.ends.both()));
        closeAllBut(keeps, b);
        emptyProcess(timers(pid), mine, CommandLine.of(pid), hole, pipe, b);
        ended.forEach(c -> b.attempt("wait4", Nr.WAIT4, c, 0, WNOHANG_WALL, 0));
      }
      b.run();
    }
    Ends ends = Ends.of(pipe[0]);
    Fd fresh = ends.open(pid);
    for (Tracee t : v.parked().values()) {
      start(t.tid(), t.base(), hole, MachineCode.PARK, ends);
    }
    ProcessMemory.write(pid, hole.data() + MASK, Bytes.longs(-1L));
    ProcessMemory.write(pid, hole.data() + ENDS, ends.bytes(pid));
    start(pid, v.leader().base(), hole, MachineCode.SHADOW, ends);
    return new Shadow(v.pid(), pid, v.nsPid(), hole.code(), threads, fresh, ends);
  }

  /** Ids of its POSIX timers. */
  private static List<Integer> timers(int pid) {
    return ProcFs.text("/proc/" + pid + "/timers")
        .lines()
        .filter(l -> l.startsWith("ID: "))
        .map(l -> Integer.parseInt(l.substring(4).strip()))
        .toList();
  }

  /**
   * Ends it as its process ended elsewhere; its parent then gets that from wait(2). One that has
   * just been killed keeps that end.
   */
  public void end(int waitStatus) {
    List<byte[]> ignored = new ArrayList<>();
    try {
      Death.die(vessel(ignored), waitStatus);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ESRCH) {
        throw e;
      }
      threads.values().forEach(Capture::awaitEnd);
      Capture.awaitEnd(taker);
    }
    signals.close();
  }

  /**
   * Stops it as its process was stopped elsewhere; its parent gets that from wait(2). Its threads'
   * stops are seen by whoever watches them.
   *
   * @param signal one that stops
   * @return what came of it; the kernel stops an orphaned group by SIGSTOP only
   */
  public Stop stopBy(int signal) {
    stop(taker);
    Ptrace.signalMask(taker, ~Signals.bit(signal));
    Signals.tkill(taker, signal);
    Ptrace.cont(taker, 0);
    WaitStatus s = Wait.of(taker);
    while (s.stopped() && !(s.event() == 0 && s.stopSignal() == signal)) {
      Ptrace.cont(taker, 0);
      s = Wait.of(taker);
    }
    if (s.gone()) {
      throw new LinuxException("shadow", Errno.ESRCH, s);
    }
    Ptrace.cont(taker, signal);
    // Before it would take another signal the kernel tells of the stop, if there is one.
    Sys.check(Ptrace.interrupt(taker), "PTRACE_INTERRUPT", taker);
    s = Wait.of(taker);
    if (s.gone()) {
      throw new LinuxException("shadow", Errno.ESRCH, s);
    }
    Ptrace.signalMask(taker, -1L);
    if (s.event() == WaitStatus.EVENT_STOP && s.stopSignal() == signal) {
      Ptrace.listen(taker);
      return Stop.STANDS;
    }
    // The signal has taken any older SIGCONT away.
    Stop came = pending(taker, Signals.SIGCONT) ? Stop.WENT_ON : Stop.REFUSED;
    Ptrace.cont(taker, 0);
    return came;
  }

  /** What came of an attempt to stop a shadow by a signal. */
  public enum Stop {
    /** It is stopped. */
    STANDS,
    /** It was, and somebody who saw it has let it go on; it has not taken that SIGCONT yet. */
    WENT_ON,
    /** The kernel did not stop it. */
    REFUSED
  }

  private static boolean pending(int pid, int signal) {
    String set = ProcFs.status("/proc/" + pid + "/status").getOrDefault("ShdPnd", "0");
    return (Long.parseUnsignedLong(set, 16) & Signals.bit(signal)) != 0;
  }

  /** Lets go of what this daemon holds, when it ended by itself. */
  public void release() {
    signals.close();
  }
}
