package hob.image;

import hob.image.proto.OutsideProcess;
import hob.image.proto.ProcessImage;
import hob.image.proto.ProcessOutline;
import hob.image.proto.StandIn;
import hob.image.proto.TreeOutline;
import hob.linux.FileStat;
import hob.linux.Ptrace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Moves a tree into a new pid namespace on the same host: capture, destroy, restore, without any
 * daemon.
 */
final class LocalMove implements AutoCloseable {
  private static final StandIns NONE =
      new StandIns() {
        @Override
        public int id(FileStat file) {
          throw new IllegalStateException("a stream leads out of the tree");
        }

        @Override
        public boolean isStandIn(long inode) {
          return false;
        }

        @Override
        public StandIn describe(External external, StandIn.Builder into) {
          return into.build();
        }
      };

  private final Tracer tracer = new Tracer("test");
  private final Vessel seed = tracer.call(() -> Vessel.seed("hob-seed"));

  /** What a move cost. */
  record Moved(int hostPid, long freezeNanos, long pageBytes) {}

  /** Moves the tree of a host pid; the new host pid of its root is returned. */
  Moved move(int root) {
    return tracer.call(() -> moveNow(root));
  }

  private Moved moveNow(int root) throws Exception {
    long t0 = System.nanoTime();
    Vessel init = seed.forkInit();
    Capture c = Capture.freeze(tracer, new TreeWalk(root), "test", List.of(), NONE);
    long t1 = System.nanoTime();
    Map<Integer, Vessel> all = new LinkedHashMap<>();
    TreeOutline.Builder outline = TreeOutline.newBuilder();
    for (ProcessImage p : c.image().getProcessesList()) {
      outline.addProcesses(
          ProcessOutline.newBuilder()
              .setPid(p.getPid())
              .setPpid(p.getPpid())
              .setPgid(p.getPgid())
              .setSid(p.getSid()));
    }
    int sid = c.image().getProcesses(0).getSid();
    if (sid > 1 && outline.getProcessesList().stream().noneMatch(p -> p.getPid() == sid)) {
      outline.addOutside(
          OutsideProcess.newBuilder().setPid(sid).setPpid(1).setPgid(sid).setSid(sid));
    }
    Map<Integer, Vessel> vessels = new HashMap<>(new Skeleton(init, all).build(outline.build()));
    Restore r =
        new Restore(
            c.image(),
            vessels,
            f -> {
              throw new IllegalStateException();
            });
    Pages into = r.map();
    long t2 = System.nanoTime();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment b = arena.allocate(1 << 20, 4096);
      for (long at = 0; at < into.bytes(); at += b.byteSize()) {
        MemorySegment part = b.asSlice(0, Math.min(b.byteSize(), into.bytes() - at));
        c.pages().read(at, part);
        into.write(at, part);
      }
    }
    long t3 = System.nanoTime();
    c.holdInDoubt();
    r.prepare();
    r.holdInDoubt();
    long t4 = System.nanoTime();
    c.destroy();
    r.resume();
    long t5 = System.nanoTime();
    if (System.getenv("HOB_TIMES") != null) {
      System.err.printf(
          "freeze+capture %.2f map %.2f pages %.2f prepare %.2f resume %.2f ms%n",
          (t1 - c.frozenAtNanos()) / 1e6,
          (t2 - t1) / 1e6,
          (t3 - t2) / 1e6,
          (t4 - t3) / 1e6,
          (t5 - t4) / 1e6);
    }
    init.outlive();
    init.park();
    return new Moved(r.pids().getFirst(), t5 - c.frozenAtNanos(), into.bytes());
  }

  /** Moves a pid and prints what it cost: a tool for whoever works on capture and restore. */
  public static void main(String[] args) throws Exception {
    try (LocalMove m = new LocalMove()) {
      int pid = Integer.parseInt(args[0]);
      for (int i = 0; i < Integer.parseInt(args[1]); i++) {
        Moved moved = m.move(pid);
        System.err.printf(
            "pid %d -> %d, %.2f ms, %d bytes%n",
            pid, moved.hostPid(), moved.freezeNanos() / 1e6, moved.pageBytes());
        pid = moved.hostPid();
        Thread.sleep(100);
      }
    }
  }

  @Override
  public void close() {
    tracer.call(() -> {
      Ptrace.detach(seed.pid(), 0);
      return null;
    });
    tracer.close();
  }
}
