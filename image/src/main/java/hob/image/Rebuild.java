package hob.image;

import hob.image.proto.OpenFile;
import hob.image.proto.ProcessImage;
import hob.image.proto.Special;
import hob.image.proto.ThreadState;
import hob.image.proto.Vma;
import hob.linux.Fd;
import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.PidFd;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Sys;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One process of an image being rebuilt in a vessel: first its address space ({@link #map}), then,
 * when the pages are there, all else ({@link #prepare}). Only the tracer's thread.
 */
final class Rebuild {
  private static final int PROT_WRITE = 2;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MAP_FIXED_NOREPLACE = 0x100000;
  private static final int MREMAP_MAYMOVE_FIXED = 3;
  private static final int PR_SET_VMA = 0x53564d41;
  private static final int RLIMIT_NOFILE = 7;
  private static final int FILES_AT_ONCE = 200;
  private static final long CLONE_THREAD_FLAGS = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;
  private static final int AF_UNIX = 1;
  private static final long SIG_IGN = 1;

  /** Adds calls to a batch. */
  interface Step extends Consumer<Batch> {}

  /** Adds calls for one thread. */
  interface ThreadStep {
    void add(int hostTid, Batch batch);
  }

  private final Vessel vessel;
  private final ProcessImage image;
  private final TreeFiles files;
  private final VdsoPlace vdso;
  private final List<Step> later = new ArrayList<>();
  private final List<Step> last = new ArrayList<>();
  private final List<Step> finish = new ArrayList<>();
  private final Map<Integer, List<ThreadStep>> lastOf = new HashMap<>();
  private final List<Tracee> threads = new ArrayList<>();
  private @Nullable Hole hole;
  private @Nullable Mailbox mailbox;
  private @Nullable Batch batch;
  private @Nullable Fd mem;
  private int exe = -1;
  private int securebits;

  Rebuild(Vessel vessel, ProcessImage image, TreeFiles files) {
    this.vessel = vessel;
    this.image = image;
    this.files = files;
    this.vdso = new VdsoPlace(image, files.sourceVdso());
  }

  /** The id that calls take which ask for what it has: see {@link ProcessFacts#pid}. */
  int pid() {
    return vessel.tid();
  }

  ProcessImage image() {
    return image;
  }

  Vessel vessel() {
    return vessel;
  }

  /** Whether the vessel was a shadow: then nothing has a fresh process's defaults. */
  boolean reused() {
    return vessel.reused();
  }

  /** Whether the descriptors of its table are its to rebuild: it shares it with no later one. */
  boolean ownsFiles() {
    return image.getFilesWith() == 0 || image.getFilesWith() == image.getPid();
  }

  /** Those of the leader, before it gets the image's. */
  int securebits() {
    return securebits;
  }

  /** See {@link Vessel#hasFilters}. */
  boolean hasFilters() {
    return vessel.hasFilters();
  }

  Mailbox mailbox() {
    return Objects.requireNonNull(mailbox);
  }

  /** The daemon's own descriptor of an open file of the image. */
  Fd file(int index) {
    return files.open(index);
  }

  /** Its name; null when none leads to it. */
  @Nullable String path(int index) {
    return files.path(index);
  }

  /** The root directory of the namespace that the tree lives in. */
  Fd root() {
    return files.root().directory();
  }

  /** Files of a kind that no process has as a descriptor. */
  List<Integer> filesWithoutDescriptor(OpenFile.Kind kind) {
    return files.withoutDescriptor(kind);
  }

  /** Whether this is the first process of the tree that calls with this name. */
  boolean first(String name) {
    return files.first(name);
  }

  /** An open file of the image. */
  OpenFile openFile(int index) {
    return files.image(index);
  }

  /** Descriptor of the executable in the process, −1 when its link is right already. */
  int exeDescriptor() {
    return exe;
  }

  /** Sets the fields of its memory map; between batches. */
  MemoryMapFields mapFields() {
    return new MemoryMapFields(vessel.leader(), hole().single(), hole().data());
  }

  /**
   * Has the process, which is laid out, make a pair of unix sockets, which it does not keep.
   *
   * @param uid effective one that it has meanwhile, if it may
   */
  Fd[] socketPair(int type, int uid, int gid) {
    String[] uids =
        ProcFs.status("/proc/" + pid() + "/status").getOrDefault("Uid", "").split("\\s+");
    String[] gids =
        ProcFs.status("/proc/" + pid() + "/status").getOrDefault("Gid", "").split("\\s+");
    int ownUid = Integer.parseUnsignedInt(uids[1]);
    int ownGid = Integer.parseUnsignedInt(gids[1]);
    boolean other = uid != ownUid || gid != ownGid;
    if (other) {
      // EPERM: at home a process may have given up for good who it was.
      inject(Nr.SETRESGID, -1, gid, -1);
      inject(Nr.SETRESUID, -1, uid, -1);
    }
    long at = hole().data();
    Sys.check(inject(Nr.SOCKETPAIR, AF_UNIX, type, 0, at), "socketpair", "in pid " + pid());
    var numbers = Bytes.of(ProcessMemory.read(pid(), at, 8));
    if (other) {
      inject(Nr.SETRESUID, -1, ownUid, -1);
      inject(Nr.SETRESGID, -1, ownGid, -1);
    }
    Fd[] ends = new Fd[2];
    try (Fd pidfd = PidFd.open(pid())) {
      for (int i = 0; i < 2; i++) {
        ends[i] = PidFd.get(pidfd, numbers.getInt(4 * i));
        inject(Nr.CLOSE, numbers.getInt(4 * i));
      }
    }
    return ends;
  }

  private long inject(int nr, long... arguments) {
    return vessel.leader().call(hole().single(), nr, arguments);
  }

  /** Runs in the leader when all threads exist. */
  void later(Step step) {
    later.add(step);
  }

  /** Runs in the leader when nothing more needs privilege or room. */
  void last(Step step) {
    last.add(step);
  }

  /** Runs in the thread after that. */
  void lastOf(ThreadState thread, ThreadStep step) {
    lastOf.computeIfAbsent(thread.getTid(), k -> new ArrayList<>()).add(step);
  }

  /** Runs in the leader at the very end. */
  void finish(Step step) {
    finish.add(step);
  }

  /**
   * Whether the action of SIGTRAP is set last of all: an int3 would reset one that ignores, and
   * until then it is what keeps a former shadow alive without its tracer.
   */
  boolean trapComesLast() {
    return reused()
        || Bytes.of(image.getSignals().getActions(Signals.SIGTRAP - 1).toByteArray()).getLong(0)
            == SIG_IGN;
  }

  private Hole hole() {
    return Objects.requireNonNull(hole);
  }

  /** Empties the vessel and lays out the image's address space. */
  void map() {
    List<Hole.Range> taken = new ArrayList<>();
    for (Vma v : image.getMemory().getVmasList()) {
      taken.add(new Hole.Range(v.getStart(), v.getStart() + v.getLength()));
    }
    for (Special s : image.getMemory().getSpecialsList()) {
      taken.add(new Hole.Range(s.getStart(), s.getStart() + s.getLength()));
    }
    Foothold foot = Foothold.in(vessel, taken, image.getFilesWith() != 0);
    hole = foot.hole();
    mailbox = foot.mailbox();
    Batch b = new Batch(vessel.leader(), pid(), hole());
    batch = b;
    if (reused()) {
      List<Tracee> all = new ArrayList<>(vessel.parked().values());
      all.add(vessel.leader());
      if (hole().code() == vessel.code()) {
        Shadow.survives(hole(), all);
      } else {
        Shadow.survive(vessel.leader(), pid(), hole(), all);
      }
      // Here, since what is asked later has to wait for a batch of its own.
      CredentialState.askSecurebits(b, bits -> securebits = bits);
    }
    Mailbox shared = files.mailbox(image.getFilesWith());
    if (shared == null && mailbox == null) {
      b.add("close_range", Nr.CLOSE_RANGE, 0, 0xffffffffL, 0);
    }
    long hard = ownHardDescriptors();
    b.attempt("prlimit64", Nr.PRLIMIT64, 0, RLIMIT_NOFILE, b.data(Bytes.longs(hard, hard)), 0);
    moveSpecials(b, foot.others(), foot.free(), taken);
    if (mailbox == null) {
      mailbox = shared != null ? shared : Mailbox.open(b, pid());
    }
    files.mailbox(image.getFilesWith(), mailbox());
    SegmentsAttached.add(b, image.getMemory().getVmasList(), files.ipc());
    mapFiles(b);
    for (Vma v : image.getMemory().getVmasList()) {
      if (v.getFile() == 0 && v.getSharedMemory() == 0 && v.getSegment() == 0) {
        mapOne(b, v, -1);
      }
    }
    b.run();
  }

  private long ownHardDescriptors() {
    return LimitState.read(pid())[RLIMIT_NOFILE].getHard();
  }

  /**
   * Everything goes but the vdso and its data, which move to their place by way of a free one.
   *
   * @param taken what the image takes
   */
  private void moveSpecials(Batch b, List<MapsEntry> mine, long free, List<Hole.Range> taken) {
    Map<MapsEntry, Long> now = new LinkedHashMap<>();
    long at = free;
    for (MapsEntry e : mine) {
      if (e.path().equals("[vsyscall]")) {
        continue;
      }
      if (e.special()) {
        b.add(
            "mremap " + e.path(),
            Nr.MREMAP,
            e.start(),
            e.size(),
            e.size(),
            MREMAP_MAYMOVE_FIXED,
            at);
        now.put(e, at);
        at += e.size();
      } else {
        b.add("munmap", Nr.MUNMAP, e.start(), e.size());
      }
    }
    taken.add(new Hole.Range(hole().code(), hole().end()));
    taken.add(new Hole.Range(free, at));
    vdso.move(b, now, taken);
  }

  private void mapFiles(Batch b) {
    Map<Integer, List<Vma>> byFile = new java.util.LinkedHashMap<>();
    for (Vma v : image.getMemory().getVmasList()) {
      if (v.getSharedMemory() != 0) {
        byFile.computeIfAbsent(-v.getSharedMemory(), k -> new ArrayList<>()).add(v);
      } else if (v.getFile() != 0) {
        byFile.computeIfAbsent(v.getFile(), k -> new ArrayList<>()).add(v);
      }
    }
    List<Integer> keys = List.copyOf(byFile.keySet());
    for (int from = 0; from < keys.size(); from += FILES_AT_ONCE) {
      List<Integer> part = keys.subList(from, Math.min(keys.size(), from + FILES_AT_ONCE));
      List<Fd> open = new ArrayList<>();
      for (int key : part) {
        open.add(key > 0 ? files.open(key - 1) : files.shared(-key - 1));
      }
      int first = mailbox().next();
      mailbox().deliver(b, open);
      for (int i = 0; i < part.size(); i++) {
        for (Vma v : byFile.getOrDefault(part.get(i), List.of())) {
          mapOne(b, v, first + i);
        }
      }
      b.add("close_range", Nr.CLOSE_RANGE, first, first + part.size() - 1, 0);
    }
  }

  private void mapOne(Batch b, Vma v, int fd) {
    b.room(2 + v.getAdviceCount(), v.getName().length() + 16L);
    long flags = v.getFlags() | MAP_FIXED_NOREPLACE | (fd < 0 ? MAP_ANONYMOUS : 0);
    b.add(
        "mmap",
        Nr.MMAP,
        v.getStart(),
        v.getLength(),
        v.getProtection() | (v.getAccounted() ? PROT_WRITE : 0),
        flags,
        fd,
        fd < 0 ? 0 : v.getOffset());
    for (int advice : v.getAdviceList()) {
      b.attempt("madvise", Nr.MADVISE, v.getStart(), v.getLength(), advice);
    }
    if (!v.getName().isEmpty()) {
      b.attempt(
          "prctl(PR_SET_VMA)",
          Nr.PRCTL,
          PR_SET_VMA,
          0,
          v.getStart(),
          v.getLength(),
          b.string(v.getNameBytes().toByteArray()));
    }
  }

  /** Where the contents of the mapping around {@code address} are written. */
  Pages.Place place(long address) {
    List<Vma> vmas = image.getMemory().getVmasList();
    int low = 0;
    int high = vmas.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (Long.compareUnsigned(vmas.get(middle).getStart(), address) <= 0) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    if ((vmas.get(low).getProtection() & PROT_WRITE) != 0 || vmas.get(low).getAccounted()) {
      return new Pages.OrdinaryPlace(pid());
    }
    if (mem == null) {
      mem = Fd.open("/proc/" + pid() + "/mem", Fd.O_RDWR);
    }
    return new Pages.ForcedPlace(mem);
  }

  /** Rebuilds all else. The threads stand ready at their last instruction afterwards. */
  void prepare() {
    Batch b = Objects.requireNonNull(batch);
    // Only now: without pages the kernel would no longer count it as memory that was written.
    for (Vma v : image.getMemory().getVmasList()) {
      if (v.getAccounted()) {
        b.add("mprotect", Nr.MPROTECT, v.getStart(), v.getLength(), v.getProtection());
      }
    }
    @Nullable String link = files.path(image.getMemory().getExe() - 1);
    // A shadow's child has the shadow's executable, which cannot be set again while it is mapped.
    if (link == null || !link.equals(Fd.readlink("/proc/" + pid() + "/exe"))) {
      mailbox().deliver(b, List.of(files.open(image.getMemory().getExe() - 1)));
      exe = mailbox().next();
    }
    vdso.lead(pid(), b);
    for (StateModule m : StateModules.ALL) {
      m.deencapsulate(this, image, b);
    }
    int worker = worker();
    if (worker >= 0) {
      threadState(image.getThreads(worker), b);
    }
    makeThreads(worker);
    later.forEach(s -> s.accept(b));
    last.forEach(s -> s.accept(b));
    for (int i = image.getThreadsCount() - 1; i >= 0; i--) {
      if (i != worker) {
        b.run();
        Batch own = new Batch(threads.get(i), pid(), hole());
        lastOf(i, own);
        own.run();
      }
    }
    if (worker >= 0) {
      lastOf(worker, b);
    }
    finish.forEach(s -> s.accept(b));
    if (ownsFiles()) {
      mailbox().closeTheirs(b);
      mailbox().close();
    }
    b.run();
    if (worker < 0) {
      succeed();
    }
    leaveHole();
  }

  /**
   * Which thread of the image the vessel's leader becomes; −1 for none. It is the first, unless the
   * first thread of the process has ended, here or there.
   */
  private int worker() {
    for (int i = 0; i < image.getThreadsCount(); i++) {
      if (image.getThreads(i).getTid() == vessel.leaderNsTid()) {
        return i;
      }
    }
    return -1;
  }

  /** Whether the thread that rebuilds the process is one of it. */
  boolean staysInImage() {
    return worker() >= 0;
  }

  /** Of the thread that leads it now. */
  long leaderMask() {
    return image.getThreads(worker()).getMask();
  }

  /** The leader, which has no place in the image, ends; another thread leads from now on. */
  private void succeed() {
    Tracee old = vessel.leader();
    boolean first = old.tid() == vessel.pid();
    vessel.lead(image.getThreads(0).getTid());
    if (first) {
      EndedLeader.end(this, old, hole());
    } else {
      endThread(old);
    }
  }

  private void lastOf(int index, Batch b) {
    int tid = image.getThreads(index).getTid();
    for (ThreadStep s : lastOf.getOrDefault(tid, List.of())) {
      s.add(threads.get(index).tid(), b);
    }
  }

  private void threadState(ThreadState t, Batch b) {
    for (StateModule m : StateModules.ALL) {
      m.deencapsulateThread(this, image, t, b);
    }
  }

  private void makeThreads(int worker) {
    Map<Integer, Tracee> parked = vessel.parked();
    if (image.getThreadsCount() > 1 || worker < 0 || !parked.isEmpty()) {
      Objects.requireNonNull(batch).run();
    }
    Set<Integer> wanted = new HashSet<>();
    for (int i = 0; i < image.getThreadsCount(); i++) {
      if (i == worker) {
        threads.add(vessel.leader());
        continue;
      }
      ThreadState t = image.getThreads(i);
      wanted.add(t.getTid());
      Tracee tracee =
          parked.containsKey(t.getTid()) ? parked.get(t.getTid()) : newThread(t.getTid());
      threads.add(tracee);
      Batch own = new Batch(tracee, pid(), hole());
      threadState(t, own);
      own.run();
    }
    for (var e : parked.entrySet()) {
      if (!wanted.contains(e.getKey())) {
        endThread(e.getValue());
      }
    }
    parked.keySet().retainAll(wanted);
    for (int i = 0; i < image.getThreadsCount(); i++) {
      if (i != worker) {
        parked.put(image.getThreads(i).getTid(), threads.get(i));
      }
    }
  }

  private void endThread(Tracee t) {
    t.exits(hole().single(), 0);
    Ptrace.cont(t.tid(), 0);
    Capture.awaitEnd(t.tid());
  }

  private Tracee newThread(int tid) {
    long r =
        ChosenPid.clone(
            tid,
            () -> cloneThread(tid),
            () -> cloneThread(0),
            () -> endThread(adopt(vessel.leader().newborn())));
    Sys.check(r, "clone3", "thread " + tid);
    return adopt(vessel.leader().newborn());
  }

  private long cloneThread(int tid) {
    var args = Bytes.of(96);
    args.putLong(0, CLONE_THREAD_FLAGS);
    if (tid != 0) {
      args.putLong(64, hole().data() + 88).putLong(72, 1).putInt(88, tid);
    }
    ProcessMemory.write(pid(), hole().data(), args.array());
    return vessel.leader().call(hole().single(), Nr.CLONE3, hole().data(), 88);
  }

  private static Tracee adopt(int host) {
    hob.linux.Wait.of(host);
    Tracee t = new Tracee(host);
    t.base(Ptrace.registers(host));
    Ptrace.signalMask(host, Tracee.ALL_BUT_TRAP);
    return t;
  }

  /**
   * The last calls stand in the kernel when they return, so that the code that made them can go.
   * From here on the process is held by its fuse.
   */
  private void leaveHole() {
    Tracee leader = vessel.leader();
    for (Tracee t : threads) {
      if (t != leader) {
        Fuse.set(t.tid());
      }
    }
    if (image.getSignals().getActionsCount() >= Signals.SIGTRAP && trapComesLast()) {
      byte[] action = image.getSignals().getActions(Signals.SIGTRAP - 1).toByteArray();
      ProcessMemory.write(pid(), hole().data(), action);
      leader.mustAndHold(
          hole().single(), "rt_sigaction", Nr.RT_SIGACTION, Signals.SIGTRAP, hole().data(), 0, 8);
    }
    leader.mustAndHold(hole().single(), "munmap", Nr.MUNMAP, hole().code(), Hole.SIZE);
    for (int i = 0; i < threads.size(); i++) {
      ThreadState t = image.getThreads(i);
      int tid = threads.get(i).tid();
      Ptrace.xstate(tid, t.getXstate().toByteArray());
      Ptrace.registers(tid, registers(t));
      Ptrace.signalMask(tid, t.getMask());
    }
    if (mem != null) {
      mem.close();
    }
  }

  static long[] registers(ThreadState t) {
    long[] regs = new long[Ptrace.REGS];
    for (int k = 0; k < regs.length; k++) {
      regs[k] = t.getRegisters(k);
    }
    return regs;
  }

  /** Takes all threads out of the program until it may run. */
  void standStill() {
    for (int i = 0; i < threads.size(); i++) {
      Standstill.take(
          threads.get(i).tid(),
          registers(image.getThreads(i)),
          Standstill.instruction(vdso.address()));
    }
  }

  /** Lets go of what this daemon holds of the process; it may be given up at any point. */
  void close() {
    if (mailbox != null) {
      mailbox.close();
    }
    if (mem != null) {
      mem.close();
    }
  }

  List<Tracee> threads() {
    return threads;
  }
}
