package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.Memory;
import hob.image.proto.ProcessImage;
import hob.image.proto.Special;
import hob.image.proto.Vma;
import hob.linux.Fd;
import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.ProcFs;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory map. Contents are the transfer strategy's; laying the map out again is {@link
 * Rebuild}'s, as it comes first.
 */
final class MemoryState implements StateModule {
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_GROWSDOWN = 0x100;
  private static final int MAP_NORESERVE = 0x4000;
  private static final int MEMBARRIER_GET_REGISTRATIONS = 1 << 9;
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
    m.put("dp", "has droppable mappings");
    m.put("lo", "has locked memory");
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
      if (sharedAnonymous(e)) {
        continue;
      }
      if (e.path().startsWith("/SYSV")) {
        out.add(new Refusal(p.pid(), "sysv-shm", "maps System V shared memory" + where));
      } else if (e.path().startsWith("/memfd:") || e.path().startsWith("/dev/zero")) {
        out.add(new Refusal(p.pid(), "memfd", "maps a memory file" + where));
      } else if (e.path().endsWith(" (deleted)")) {
        out.add(new Refusal(p.pid(), "deleted-mapping", "maps a deleted file" + where));
      } else if (e.path().startsWith("anon_inode:") || e.path().startsWith("/[")) {
        out.add(new Refusal(p.pid(), "device-mapping", "maps a kernel object" + where));
      }
    }
    if (p.stat().state() != 'Z' && p.maps().stream().noneMatch(e -> e.path().equals("[vdso]"))) {
      out.add(new Refusal(p.pid(), "no-vdso", "has no vdso"));
    }
  }

  static boolean sharedAnonymous(MapsEntry e) {
    return e.shared() && e.path().equals("/dev/zero (deleted)");
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
    m.setExe(1 + tree.path(Fd.readlinkBytes("/proc/" + p.pid() + "/exe"), Fd.O_RDONLY));
    batch.ask("brk", v -> out.getMemoryBuilder().setBrk(v).setMap(5, v), Nr.BRK, 0);
    batch.ask(
        "membarrier",
        v -> out.getMemoryBuilder().setMembarrier((int) Math.max(0, v)),
        Nr.MEMBARRIER,
        MEMBARRIER_GET_REGISTRATIONS);
  }

  private static Vma vma(FrozenProcess p, MapsEntry e, Collection tree) {
    Vma.Builder v =
        Vma.newBuilder()
            .setStart(e.start())
            .setLength(e.size())
            .setProtection(e.protection())
            .setOffset(e.offset())
            .setFlags(
                (e.shared() ? MAP_SHARED : MAP_PRIVATE)
                    | (e.has("gd") ? MAP_GROWSDOWN : 0)
                    | (e.has("nr") ? MAP_NORESERVE : 0));
    for (var a : ADVICE.entrySet()) {
      if (e.has(a.getKey())) {
        v.addAdvice(a.getValue());
      }
    }
    if (sharedAnonymous(e)) {
      v.setSharedMemory(1 + tree.sharedMemory(p.pid(), e));
    } else if (!anonymous(e)) {
      boolean writable = e.shared() && e.has("mw");
      v.setFile(
          1
              + tree.path(
                  e.path().getBytes(StandardCharsets.UTF_8), writable ? Fd.O_RDWR : Fd.O_RDONLY));
    } else if (e.path().startsWith("[anon:")) {
      v.setName(e.path().substring(6, e.path().length() - 1));
    }
    return v.build();
  }

  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
    Memory m = image.getMemory();
    byte[] auxv = m.getAuxv().toByteArray();
    batch.room(12, auxv.length + 256);
    long auxvAt = batch.data(auxv);
    var map = Bytes.of(12 * 8 + 8);
    for (long v : m.getMapList()) {
      map.putLong(v);
    }
    map.putLong(auxvAt).putInt(auxv.length).putInt(r.exeDescriptor());
    batch.add(
        "prctl(PR_SET_MM_MAP)",
        Nr.PRCTL,
        PR_SET_MM,
        PR_SET_MM_MAP,
        batch.data(map.array()),
        map.capacity(),
        0);
    if (r.exeDescriptor() >= 0) {
      batch.add("close", Nr.CLOSE, r.exeDescriptor());
    }
    for (int bit : new int[] {1, 3, 4, 6, 8}) {
      if ((m.getMembarrier() >> bit & 1) != 0) {
        batch.attempt("membarrier", Nr.MEMBARRIER, 1L << bit, 0, 0);
      }
    }
  }
}
