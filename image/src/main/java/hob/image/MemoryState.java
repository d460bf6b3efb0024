package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.Memory;
import hob.image.proto.ProcessImage;
import hob.image.proto.Range;
import hob.image.proto.Special;
import hob.image.proto.Vma;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.PageMap;
import hob.linux.ProcFs;
import hob.linux.RootDir;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory map. Contents are the transfer strategy's; laying the map out again is {@link
 * Rebuild}'s, as it comes first.
 */
final class MemoryState implements StateModule {
  /** Pieces of shared memory: each is held open by the daemons of a move. */
  static final int MOST_SHARED = 4096;

  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_DROPPABLE = 8;
  private static final int MAP_GROWSDOWN = 0x100;
  private static final int MAP_NORESERVE = 0x4000;
  private static final int MEMBARRIER_GET_REGISTRATIONS = 1 << 9;
  private static final int MADV_GUARD_INSTALL = 102;
  private static final int MLOCK_ONFAULT = 1;
  private static final int MCL_FUTURE = 2;
  private static final int PR_SET_MM = 35;
  private static final int PR_SET_MM_MAP = 14;

  /** VmFlags that become an madvise(2). */
  private static final Map<String, Integer> ADVICE =
      Map.of("rr", 1, "sr", 2, "dc", 10, "mg", 12, "hg", 14, "nh", 15, "dd", 16, "wf", 18);

  /** VmFlags that nothing can rebuild. */
  private static final Map<String, String> PINS = pins();

  private static Map<String, String> pins() {
    Map<String, String> m = new LinkedHashMap<>();
    m.put("io", "maps device memory");
    m.put("pf", "maps device memory");
    m.put("ht", "maps huge pages of hugetlbfs");
    m.put("um", "has memory watched by a userfaultfd of its own");
    m.put("uw", "has memory watched by a userfaultfd of its own");
    m.put("ui", "has memory watched by a userfaultfd of its own");
    m.put("ss", "has a shadow stack");
    m.put("mt", "has memory with tags");
    m.put("sl", "has sealed mappings");
    m.put("pk", "has memory with a protection key");
    return m;
  }

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public void check(ProcessFacts p, List<Refusal> out) {
    for (MapsEntry e : p.maps()) {
      if (e.special()) {
        continue;
      }
      String where =
          " at " + Long.toHexString(e.start()) + (e.path().isEmpty() ? "" : " (" + e.path() + ")");
      for (var pin : PINS.entrySet()) {
        if (e.has(pin.getKey())) {
          out.add(new Refusal(p.pid(), "memory-" + pin.getKey(), pin.getValue() + where));
        }
      }
      if (e.path().startsWith("/[aio]")) {
        out.add(new Refusal(p.pid(), "aio", "has an AIO context" + where));
      } else if (e.path().startsWith("anon_inode:") || e.path().startsWith("/[")) {
        out.add(new Refusal(p.pid(), "device-mapping", "maps a kernel object" + where));
      } else if (!SystemVUse.isSegment(e) && !sharedMemory(e) && !anonymous(e)) {
        file(p, e, where, out);
      }
    }
    if (!p.maps().isEmpty() && p.maps().stream().noneMatch(e -> e.path().equals("[vdso]"))) {
      out.add(new Refusal(p.pid(), "no-vdso", "has no vdso"));
    }
    if (!p.maps().isEmpty() && !p.traced()) {
      Hole.check(p, out);
    }
  }

  private static void file(ProcessFacts p, MapsEntry e, String where, List<Refusal> out) {
    byte[] link = e.path().getBytes(StandardCharsets.UTF_8);
    try (RootDir root = p.root()) {
      FileStat file = FileStat.of(mapFile(p.pid(), e));
      String reason = null;
      if (!ProcessFacts.named(root, link, file)) {
        reason = UnnamedFiles.special(mapFile(p.pid(), e), link);
        reason = reason != null ? reason : UnnamedFiles.pin(file, link, root);
      }
      if (reason != null) {
        out.add(new Refusal(p.pid(), "mapped-file", "what it maps" + where + " " + reason));
      }
    } catch (LinuxException gone) {
      if (gone.errno() != Errno.ENOENT) {
        throw gone;
      }
    }
  }

  private static String mapFile(int pid, MapsEntry e) {
    String range = Long.toHexString(e.start()) + "-" + Long.toHexString(e.end());
    return "/proc/" + pid + "/map_files/" + range;
  }

  static Refusal tooMuchShared(int pid, String count) {
    return new Refusal(
        pid,
        "shared-memory",
        "has %s pieces of shared memory; at most %d can move".formatted(count, MOST_SHARED));
  }

  /** Whether it maps anonymous shared memory, privately or not. */
  static boolean sharedMemory(MapsEntry e) {
    return e.path().equals(SharedMemoryFile.LINK) || e.path().startsWith("[anon_shmem:");
  }

  private static boolean anonymous(MapsEntry e) {
    return e.inode() == 0;
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    Memory.Builder m = out.getMemoryBuilder();
    for (MapsEntry e : p.facts().maps()) {
      if (e.path().equals("[vsyscall]")) {
        continue;
      }
      if (e.special()) {
        m.addSpecials(
            Special.newBuilder().setName(e.path()).setStart(e.start()).setLength(e.size()));
      } else {
        m.addVmas(vma(p, e, tree));
      }
    }
    ProcFs.Stat s = p.facts().stat();
    for (int field : new int[] {26, 27, 45, 46, 47, 47, 28, 48, 49, 50, 51}) {
      m.addMap(s.field(field));
    }
    m.setAuxv(ByteString.copyFrom(ProcFs.read("/proc/" + p.pid() + "/auxv")));
    String exe = "/proc/" + p.pid() + "/exe";
    m.setExe(1 + tree.unopened(p.facts(), exe, Fd.readlinkBytes(exe), Fd.O_RDONLY, "executable"));
    guards(p, m);
    if (p.facts().maps().stream().anyMatch(e -> e.has("lo"))) {
      m.setLockFuture(
          ProcFs.maps(p.pid(), true).stream()
              .anyMatch(e -> e.start() <= batch.hole() && batch.hole() < e.end() && e.has("lo")));
    }
    batch.ask("brk", v -> out.getMemoryBuilder().setBrk(v).setMap(5, v), Nr.BRK, 0);
    batch.ask(
        "membarrier",
        v -> out.getMemoryBuilder().setMembarrier((int) Math.max(0, v)),
        Nr.MEMBARRIER,
        MEMBARRIER_GET_REGISTRATIONS);
  }

  private static void guards(FrozenProcess p, Memory.Builder m) {
    List<MapsEntry> maps = p.facts().maps().stream().filter(e -> !e.special()).toList();
    if (maps.isEmpty()) {
      return;
    }
    try (PageMap pagemap = new PageMap(p.pid())) {
      pagemap.scanGuards(
          maps.getFirst().start(),
          maps.getLast().end(),
          (start, end) -> m.addGuards(Range.newBuilder().setStart(start).setLength(end - start)));
    }
  }

  private static Vma vma(FrozenProcess p, MapsEntry e, Collection tree) {
    Vma.Builder v =
        Vma.newBuilder()
            .setStart(e.start())
            .setLength(e.size())
            .setProtection(e.protection())
            .setOffset(e.offset())
            .setFlags(
                (e.shared() ? MAP_SHARED : e.has("dp") ? MAP_DROPPABLE : MAP_PRIVATE)
                    | (e.has("gd") ? MAP_GROWSDOWN : 0)
                    | (e.has("nr") ? MAP_NORESERVE : 0));
    for (var a : ADVICE.entrySet()) {
      if (e.has(a.getKey())) {
        v.addAdvice(a.getValue());
      }
    }
    v.setLocked(e.has("lo")).setLockOnFault(e.has("lf"));
    v.setAccounted(e.has("ac") && !e.shared() && !e.has("wr"));
    if (SystemVUse.isSegment(e)) {
      v.setSegment(1 + tree.ipc().segment((int) e.inode())).setMayWrite(e.has("mw"));
    } else if (sharedMemory(e)) {
      int index = tree.sharedMemory(mapFile(p.pid(), e));
      if (index >= MOST_SHARED) {
        throw new Collection.Refused(tooMuchShared(p.pid(), "more than " + MOST_SHARED));
      }
      v.setSharedMemory(1 + index);
      if (e.path().startsWith("[anon_shmem:")) {
        v.setName(e.path().substring(12, e.path().length() - 1));
      }
    } else if (!anonymous(e)) {
      int flags = e.shared() && e.has("mw") ? Fd.O_RDWR : Fd.O_RDONLY;
      v.setFile(1 + tree.mapped(p.facts(), e, mapFile(p.pid(), e), flags));
    } else if (e.path().startsWith("[anon:")) {
      v.setName(e.path().substring(6, e.path().length() - 1));
    }
    return v.build();
  }

  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
    Memory m = image.getMemory();
    byte[] auxv = m.getAuxv().toByteArray();
    if (r.exeDescriptor() >= 0) {
      batch.run();
      r.mapFields().set(m.getMapList(), auxv, r.exeDescriptor());
      batch.add("close", Nr.CLOSE, r.exeDescriptor());
    } else {
      batch.room(12, auxv.length + 256);
      long auxvAt = batch.data(auxv);
      var map = Bytes.of(12 * 8 + 8);
      for (long v : m.getMapList()) {
        map.putLong(v);
      }
      map.putLong(auxvAt).putInt(auxv.length).putInt(-1);
      batch.add(
          "prctl(PR_SET_MM_MAP)",
          Nr.PRCTL,
          PR_SET_MM,
          PR_SET_MM_MAP,
          batch.data(map.array()),
          map.capacity(),
          0);
    }
    for (Range g : m.getGuardsList()) {
      batch.add("madvise(guard)", Nr.MADVISE, g.getStart(), g.getLength(), MADV_GUARD_INSTALL);
    }
    for (Vma v : m.getVmasList()) {
      if (v.getLocked()) {
        int onFault = v.getLockOnFault() ? MLOCK_ONFAULT : 0;
        batch.attempt("mlock2", Nr.MLOCK2, v.getStart(), v.getLength(), onFault);
      }
    }
    if (m.getLockFuture()) {
      r.last(b -> b.attempt("mlockall", Nr.MLOCKALL, MCL_FUTURE));
    }
    for (int bit : new int[] {1, 3, 4, 6, 8}) {
      if ((m.getMembarrier() >> bit & 1) != 0) {
        batch.attempt("membarrier", Nr.MEMBARRIER, 1L << bit, 0, 0);
      }
    }
  }
}
