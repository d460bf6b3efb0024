package hob.image;

import hob.image.format.TreeImages;
import hob.image.proto.ControllingTerminal;
import hob.image.proto.OutsideProcess;
import hob.image.proto.PageRun;
import hob.image.proto.ProcessImage;
import hob.image.proto.ThreadState;
import hob.image.proto.TreeImage;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Kcmp;
import hob.linux.LinuxException;
import hob.linux.MapsEntry;
import hob.linux.PageMap;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.SystemV;
import hob.linux.Wait;
import hob.linux.WaitStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The source's half: a tree stopped, its state in an image, its pages to be read. Made by {@link
 * #freeze}; ended by one of {@link #resume}, {@link #destroy}, or by turning the processes into
 * something else ({@link #frozenLeaders}).
 *
 * <p>Only the tracer's thread, except {@link #pages}, which any thread may read. Between calls the
 * processes have their own registers and masks, so that if this daemon dies the kernel lets them
 * run on unharmed.
 */
public final class Capture {
  private final Tracer tracer;
  private final List<FrozenProcess> processes;
  private final Collection shared;
  private final TreeImage image;
  private final Pages pages;
  private final HeldLocks locks;
  private final long frozenAtNanos;
  private final Sleeps sleeps;
  private boolean doubt;

  private Capture(
      Tracer tracer,
      List<FrozenProcess> processes,
      Collection shared,
      TreeImage image,
      Pages pages,
      long frozenAtNanos,
      Sleeps sleeps) {
    this.tracer = tracer;
    this.processes = processes;
    this.shared = shared;
    this.image = image;
    this.pages = pages;
    this.locks = new HeldLocks(processes, image);
    this.frozenAtNanos = frozenAtNanos;
    this.sleeps = sleeps;
  }

  /**
   * All reasons why the tree cannot move now. What is found is looked for again, and what a tree
   * had only in passing, or seemed to have since it went on meanwhile, is none. Nothing is stopped
   * but those that may have what only a tracer is told, one after the other and for a moment.
   *
   * @param tree pids in this /proc, parents first
   * @param reference pid of a process with the namespaces that the tree's processes should have
   */
  public static List<Refusal> check(Supplier<List<Integer>> tree, int reference) {
    return Reasons.of(tree, reference);
  }

  /** As the other one, of a tree of which nothing is stopped. */
  public static Capture freeze(
      Tracer tracer,
      Supplier<List<Integer>> tree,
      String home,
      List<OutsideProcess> outside,
      StandIns standIns)
      throws RefusedException {
    return freeze(tracer, tree, home, outside, standIns, Set.of());
  }

  /**
   * Stops the tree and takes its state.
   *
   * @param tree its pids in this /proc, parents first; asked again until nothing new is found
   * @param home host name that the processes see
   * @param outside what the image says of processes that stay behind
   * @param held threads of it that the tracer has stopped already
   * @throws RefusedException when something cannot move; the tree runs on
   */
  public static Capture freeze(
      Tracer tracer,
      Supplier<List<Integer>> tree,
      String home,
      List<OutsideProcess> outside,
      StandIns standIns,
      Set<Integer> held)
      throws RefusedException {
    Sleeps sleeps = new Sleeps();
    tree.get().forEach(sleeps::note);
    long start = System.nanoTime();
    Freezer.FrozenForest forest = new Freezer(tracer, tree, held).freeze();
    try {
      int root = tree.get().getFirst();
      if (forest.processes().isEmpty() || forest.zombies().contains(root)) {
        throw new Collection.Refused(new Refusal(root, Refusal.ENDED, "has ended"));
      }
      return capture(tracer, forest, home, outside, standIns, sleeps, start);
    } catch (Collection.Refused e) {
      resume(forest.processes(), sleeps);
      throw new RefusedException(
          e.refusal().ofProcess(forest.processes().stream().map(FrozenProcess::facts).toList()));
    } catch (RuntimeException e) {
      resume(forest.processes(), sleeps);
      throw e;
    }
  }

  private static Capture capture(
      Tracer tracer,
      Freezer.FrozenForest forest,
      String home,
      List<OutsideProcess> outside,
      StandIns standIns,
      Sleeps sleeps,
      long start) {
    Collection tree = new Collection(standIns);
    List<ProcessFacts.KeptRoot> roots = new ArrayList<>();
    List<Fd> open = new ArrayList<>();
    try (SocketSurvey _ = tree.sockets();
        SystemVTaken _ = tree.ipc()) {
      forest.processes().forEach(p -> roots.add(p.facts().keepRoot()));
      return capture(tracer, forest, home, outside, tree, open, sleeps, start);
    } catch (RuntimeException e) {
      Fd.closeAll(open);
      tree.unnamedFiles().abandon();
      throw e;
    } finally {
      roots.forEach(ProcessFacts.KeptRoot::close);
    }
  }

  private static Capture capture(
      Tracer tracer,
      Freezer.FrozenForest forest,
      String home,
      List<OutsideProcess> outside,
      Collection tree,
      List<Fd> open,
      Sleeps sleeps,
      long start) {
    Map<Integer, Integer> nsPids = new LinkedHashMap<>();
    Map<Integer, Integer> byTask = new LinkedHashMap<>();
    for (FrozenProcess p : forest.processes()) {
      tree.survey(p);
      nsPids.put(p.process(), p.nsPid());
      byTask.put(p.pid(), p.nsPid());
    }
    tree.ipc().take();
    TreeImage.Builder image =
        TreeImage.newBuilder()
            .setVersion(TreeImages.VERSION)
            .setArch("x86_64")
            .setHome(home)
            .addAllOutside(outside);
    List<ProcessImage.Builder> images = new ArrayList<>();
    Map<Integer, Integer> files = SharedTables.groups(Kcmp.FILES, byTask.keySet());
    Map<Integer, Integer> fs = SharedTables.groups(Kcmp.FS, byTask.keySet());
    for (FrozenProcess p : forest.processes()) {
      ProcessImage.Builder b = ProcessImage.newBuilder();
      family(p.facts(), nsPids, b);
      b.setFilesWith(byTask.getOrDefault(files.getOrDefault(p.pid(), 0), 0));
      b.setFsWith(byTask.getOrDefault(fs.getOrDefault(p.pid(), 0), 0));
      encapsulate(p, tree, b, sleeps);
      images.add(b);
    }
    for (int pid : forest.zombies()) {
      ProcessImage.Builder b = ProcessImage.newBuilder();
      ProcessFacts facts = new ProcessFacts(pid);
      family(facts, nsPids, b);
      Zombie.encapsulate(facts, b);
      images.add(b);
    }
    InetSocketFile.settle(tree.sockets());
    List<ControllingTerminal> terminals = ControllingTerminals.of(forest.processes(), tree);
    List<PageRun> runs = new ArrayList<>();
    List<Pages.Place> places = new ArrayList<>();
    for (int i = 0; i < forest.processes().size(); i++) {
      privatePages(forest.processes().get(i), i, runs, places, open);
    }
    sharedPages(tree, runs, places, open);
    tree.unnamedFiles().runs(runs, places, open);
    image
        .addAllFiles(tree.files())
        .addAllPipes(tree.pipeImages())
        .addAllSharedMemory(tree.sharedImages())
        .addAllInodes(tree.unnamedFiles().images())
        .addAllPseudoTerminals(tree.pseudoTerminals().images())
        .addAllTerminals(terminals)
        .setIpc(tree.ipc().image());
    images.forEach(image::addProcesses);
    image.addAllPageRuns(runs);
    return new Capture(
        tracer,
        forest.processes(),
        tree,
        image.build(),
        new Pages(runs, places, open),
        start,
        sleeps);
  }

  private static void family(
      ProcessFacts facts, Map<Integer, Integer> nsPids, ProcessImage.Builder b) {
    b.setPid(facts.nsPid());
    int parent = facts.stat().ppid();
    b.setPpid(nsPids.containsKey(parent) ? nsPids.get(parent) : NamespacePid.of(parent));
    Map<String, String> status = facts.status();
    b.setPgid(
        ProcessFacts.last(status.getOrDefault("NSpgid", String.valueOf(facts.stat().pgid()))));
    b.setSid(ProcessFacts.last(status.getOrDefault("NSsid", String.valueOf(facts.stat().sid()))));
    ProcFs.Stat leader = facts.leaderStat();
    b.setExitSignal((int) leader.field(38));
    if (facts.leaderless()) {
      EndedLeader.encapsulate(facts, leader, b);
    }
  }

  private static void encapsulate(
      FrozenProcess p, Collection tree, ProcessImage.Builder out, Sleeps sleeps) {
    out.setComm(ThreadBasics.name(p.facts().leaderStat().comm())).setStopped(p.wasStopped());
    Visit.leavingHole(p, hole -> encapsulate(p, tree, out, sleeps, hole));
  }

  private static void encapsulate(
      FrozenProcess p, Collection tree, ProcessImage.Builder out, Sleeps sleeps, Hole hole) {
    Batch leader = new Batch(p.leader().tracee(), p.pid(), hole);
    for (StateModule m : StateModules.ALL) {
      m.encapsulate(p, leader, tree, out);
    }
    for (FrozenThread t : p.threads()) {
      ThreadState.Builder thread = ThreadState.newBuilder();
      Batch batch = t == p.leader() ? leader : new Batch(t.tracee(), p.pid(), hole);
      for (StateModule m : StateModules.ALL) {
        m.encapsulateThread(p, t, batch, thread);
      }
      batch.run();
      long[] regs = t.elsewhere(p.pid(), sleeps);
      for (int i = 0; i < regs.length; i++) {
        thread.setRegisters(i, regs[i]);
      }
      out.addThreads(thread);
    }
  }

  private static void privatePages(
      FrozenProcess p, int index, List<PageRun> runs, List<Pages.Place> places, List<Fd> open) {
    List<MapsEntry> maps =
        p.facts().maps().stream().filter(e -> !e.special() && !e.shared()).toList();
    if (maps.isEmpty()) {
      return;
    }
    Pages.Place ordinary = new Pages.OrdinaryPlace(p.pid());
    Pages.@Nullable Place[] forced = new Pages.Place[1];
    int[] at = {0};
    try (PageMap pagemap = new PageMap(p.pid())) {
      pagemap.scanPrivate(
          maps.getFirst().start(),
          maps.getLast().end(),
          (start, end) -> {
            while (at[0] < maps.size() && maps.get(at[0]).end() <= start) {
              at[0]++;
            }
            for (int i = at[0]; i < maps.size() && maps.get(i).start() < end; i++) {
              MapsEntry e = maps.get(i);
              long from = Math.max(start, e.start());
              long to = Math.min(end, e.end());
              if (from >= to) {
                continue;
              }
              runs.add(
                  PageRun.newBuilder()
                      .setProcess(index)
                      .setStart(from)
                      .setLength(to - from)
                      .build());
              Pages.Place place = ordinary;
              if ((e.protection() & 1) == 0) {
                if (forced[0] == null) {
                  Fd mem = Fd.open("/proc/" + p.pid() + "/mem", Fd.O_RDONLY);
                  open.add(mem);
                  forced[0] = new Pages.ForcedPlace(mem);
                }
                place = forced[0];
              }
              places.add(place);
            }
          });
    }
  }

  private static void sharedPages(
      Collection tree, List<PageRun> runs, List<Pages.Place> places, List<Fd> open) {
    for (Collection.Shared s : tree.sharedMemories()) {
      Fd file = Fd.open(s.path(), Fd.O_RDONLY);
      open.add(file);
      Pages.Place place = new Pages.SharedPlace(file);
      Pages.dataRuns(
          file,
          tree.sharedImages().get(s.index()).getSize(),
          (start, end) -> {
            runs.add(
                PageRun.newBuilder()
                    .setSharedMemory(1 + s.index())
                    .setStart(start)
                    .setLength(end - start)
                    .build());
            places.add(place);
          });
    }
  }

  /** All state but page contents. */
  public TreeImage image() {
    return image;
  }

  /** The page contents. */
  public Pages pages() {
    return pages;
  }

  /** Streams that lead out of the tree. */
  public List<External> externals() {
    return shared.externals();
  }

  /**
   * Duplicates of the masters of the tree's own pseudo-terminals: as long as one is open, nobody
   * else gets its number. Without those of who was killed meanwhile. The caller closes them.
   */
  public List<Fd> masters() {
    List<Fd> all = new ArrayList<>();
    for (var m : shared.pseudoTerminals().masters()) {
      try {
        all.add(SocketSurvey.here(m.process(), m.descriptor()));
      } catch (LinuxException e) {
        if (!ProcFs.saysGone(e, m.process().pid())) {
          Fd.closeAll(all);
          throw e;
        }
      }
    }
    return all;
  }

  /** System V objects that move with the tree. */
  public Set<SystemV.Id> ipc() {
    return shared.ipc().ids();
  }

  /** {@code System.nanoTime()} when the first thread was told to stop. */
  public long frozenAtNanos() {
    return frozenAtNanos;
  }

  /**
   * Host pids of the processes that stand still, in the image's order (zombies come after them).
   */
  public List<Integer> pids() {
    return processes.stream().map(FrozenProcess::process).toList();
  }

  List<FrozenProcess> frozenLeaders() {
    return processes;
  }

  /** Where the threads go on if the tree stays; a later daemon is to know before it is in doubt. */
  public List<ThreadPlace> places() {
    return processes.stream()
        .flatMap(p ->
            p.threads().stream()
                .map(t -> new ThreadPlace(t.tid(), t.elsewhere(p.pid(), sleeps), t.mask())))
        .toList();
  }

  /**
   * From now on the tree stands still when this daemon dies: a SIGSTOP waits for each thread, and
   * none of them would run the program if somebody took that away.
   */
  public void holdInDoubt() {
    doubt = true;
    endVisits();
    locks.release();
    for (FrozenProcess p : processes) {
      Fuse.set(p);
      long instruction = Standstill.instruction(p.facts().maps());
      p.threads().forEach(t -> Standstill.take(t.tid(), t.registers(), instruction));
    }
  }

  /**
   * Takes out of the processes what {@link #freeze} has left in them, while their image is under
   * way already; without this, whatever is done with them next does it.
   */
  public void endVisits() {
    processes.forEach(FrozenProcess::endVisit);
  }

  /** Whether {@link #holdInDoubt} was called. */
  public boolean inDoubt() {
    return doubt;
  }

  /**
   * Lets the tree run on as if nothing had happened.
   *
   * @param masks is told those of a tree in doubt before they are touched
   */
  public void resume(Masks masks) {
    close();
    if (doubt) {
      for (FrozenProcess p : processes) {
        unlessKilled(
            p,
            () -> {
              masks.note(p.process(), p.leader().mask());
              p.threads().forEach(FrozenThread::close);
              Fuse.lift(p, p.leader().mask());
            });
      }
      locks.takeBack();
    }
    released();
    resume(processes, sleeps);
  }

  /** Lets processes run on. */
  static void resume(List<FrozenProcess> processes, Sleeps sleeps) {
    processes.forEach(p -> unlessKilled(p, () -> resume(p, sleeps)));
  }

  private static void resume(FrozenProcess p, Sleeps sleeps) {
    p.endVisit();
    boolean stop = p.threads().stream().anyMatch(t -> t.tracee().stopWanted());
    for (FrozenThread t : p.threads()) {
      t.keepCall(p.pid(), sleeps);
    }
    for (FrozenThread t : p.threads()) {
      Ptrace.detach(t.tid(), 0);
    }
    if (stop) {
      Signals.kill(p.pid(), Signals.SIGSTOP);
    }
  }

  /** Of a process that somebody has killed meanwhile, its parent is to hear. */
  private static void unlessKilled(FrozenProcess p, Runnable step) {
    try {
      step.run();
    } catch (LinuxException e) {
      if (!ProcFs.saysGone(e, p.pid())) {
        throw e;
      }
      p.threads().forEach(t -> awaitEnd(t.tid()));
    }
  }

  /** Ends the processes; waits until they are gone for their tracer. Their parents reap them. */
  public void destroy() {
    close();
    leaving();
    for (FrozenProcess p : processes.reversed()) {
      Signals.kill(p.pid(), Signals.SIGKILL);
    }
    for (FrozenProcess p : processes.reversed()) {
      for (FrozenThread t : p.threads().reversed()) {
        awaitEnd(t.tid());
      }
    }
    released();
  }

  /** The tree is about to end here: its connections go on elsewhere and must not be closed. */
  void leaving() {
    InetSocketFile.vanish(shared.sockets().held());
  }

  /** Lets go of sockets: they run on, or vanish. */
  void released() {
    Fd.closeAll(shared.sockets().held().stream().map(SocketSurvey.Held::socket).toList());
    locks.forget();
  }

  static void awaitEnd(int tid) {
    try {
      while (true) {
        WaitStatus s = Wait.of(tid);
        if (s.gone()) {
          return;
        }
        Ptrace.cont(tid, 0);
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.ECHILD && e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }

  /** Lets go of what was kept for the target. */
  void close() {
    pages.close();
    shared.unnamedFiles().clear();
  }

  Tracer tracer() {
    return tracer;
  }

  /**
   * Lets a process run on that an earlier daemon left stopped in doubt. Tracer's thread.
   *
   * @param places of its threads, if that daemon had noted them; those of others do no harm
   */
  public static void release(int pid, Masks masks, List<ThreadPlace> places) {
    Fuse.release(pid, masks, places);
  }

  /** As {@link #release} of a process that a user has stopped, and that stays stopped. */
  public static void putBack(int pid, List<ThreadPlace> places) {
    Fuse.putBack(pid, places);
  }
}
