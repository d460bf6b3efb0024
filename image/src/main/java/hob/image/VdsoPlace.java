package hob.image;

import hob.image.proto.ProcessImage;
import hob.image.proto.Special;
import hob.image.proto.Vma;
import hob.linux.Fd;
import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.ProcessMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where the vdso of this host's kernel goes in a process that is rebuilt. When it is the source's,
 * to where that was. When it is another one, to a free place, and where the program knows its vdso
 * (AT_SYSINFO_EHDR) the code of the kernel that it began under stands as ordinary memory, the
 * functions of which lead to the kernel's own. When it comes to a kernel with that code again, the
 * kernel's own takes the place of it. Tracer's thread.
 */
final class VdsoPlace {
  private static final String VDSO = "[vdso]";
  private static final int AT_SYSINFO_EHDR = 33;
  private static final int MREMAP_MAYMOVE_FIXED = 3;
  private static final int PROT_READ_EXEC = 5;
  private static final int PRIVATE_ANONYMOUS_FIXED = 0x100022;
  private static final long APART = 1 << 24;

  private final ProcessImage image;
  private final byte[] source;
  private final boolean same;
  private final Map<String, Long> places = new LinkedHashMap<>();
  private final Map<String, Long> sizes = new LinkedHashMap<>();

  /**
   * For one process.
   *
   * @param source code of the vdso of the source's kernel; empty: as this one's
   */
  VdsoPlace(ProcessImage image, byte[] source) {
    this.image = image;
    this.source = source;
    this.same = source.length == 0 || Arrays.equals(source, Vdso.code());
  }

  private static Collection.Refused refused(ProcessImage image, String what) {
    return new Collection.Refused(
        new Refusal(
            image.getPid(), "vdso", "the target's kernel has no " + what + " like the source's"));
  }

  /**
   * Adds the calls that move the kernel's mappings there.
   *
   * @param now where each stands meanwhile
   * @param taken ranges that are the program's, or used meanwhile
   */
  void move(Batch b, Map<MapsEntry, Long> now, List<Hole.Range> taken) {
    now.forEach((e, at) -> sizes.put(e.path(), e.size()));
    if (same) {
      for (Special s : image.getMemory().getSpecialsList()) {
        if (sizes.getOrDefault(s.getName(), 0L) != s.getLength()) {
          throw refused(image, s.getName());
        }
        places.put(s.getName(), s.getStart());
      }
    } else {
      long first = now.values().stream().mapToLong(l -> l).min().orElseThrow();
      long size = now.keySet().stream().mapToLong(MapsEntry::size).sum();
      long free = below(known(), size, taken);
      now.forEach((e, at) -> places.put(e.path(), free + at - first));
    }
    now.forEach((e, at) -> {
      Long to = places.get(e.path());
      if (to != null) {
        mremap(b, e.path(), at, to);
      }
    });
    if (!same && old() == null) {
      code(b);
    }
  }

  private void mremap(Batch b, String name, long from, long to) {
    long size = sizes.getOrDefault(name, 0L);
    b.add("mremap " + name, Nr.MREMAP, from, size, size, MREMAP_MAYMOVE_FIXED, to);
  }

  /** Within reach of a short jump, as a rule. */
  private static long below(long known, long size, List<Hole.Range> taken) {
    for (long at = known - APART; at > APART; at -= APART) {
      long from = at & ~(Hole.PAGE - 1);
      if (taken.stream()
          .noneMatch(r ->
              Long.compareUnsigned(r.start(), from + size + Hole.PAGE) < 0
                  && Long.compareUnsigned(r.end() + Hole.PAGE, from) > 0)) {
        return from;
      }
    }
    throw new IllegalStateException("no free place of " + size + " bytes below " + known);
  }

  /** The address that the program knows. */
  private long known() {
    var auxv = Bytes.of(image.getMemory().getAuxv().toByteArray());
    for (int at = 0; at + 16 <= auxv.capacity(); at += 16) {
      if (auxv.getLong(at) == AT_SYSINFO_EHDR) {
        return auxv.getLong(at + 8);
      }
    }
    return special().getStart();
  }

  private Special special() {
    return image.getMemory().getSpecialsList().stream()
        .filter(s -> s.getName().equals(VDSO))
        .findFirst()
        .orElseThrow(() -> refused(image, VDSO));
  }

  /** The memory with another kernel's code; null when its own kernel's is the program's. */
  private @Nullable Vma old() {
    long known = known();
    return known == special().getStart()
        ? null
        : image.getMemory().getVmasList().stream()
            .filter(v -> v.getStart() <= known && known < v.getStart() + v.getLength())
            .findFirst()
            .orElse(null);
  }

  private void code(Batch b) {
    Special s = special();
    if (s.getLength() != source.length || s.getStart() != known()) {
      throw refused(image, VDSO);
    }
    b.add(
        "mmap",
        Nr.MMAP,
        s.getStart(),
        s.getLength(),
        PROT_READ_EXEC,
        PRIVATE_ANONYMOUS_FIXED,
        -1,
        0);
  }

  /** Where the kernel's own code is. */
  long address() {
    return Objects.requireNonNull(places.get(VDSO), "moved before");
  }

  /** When the program's memory is there: its old code leads to this kernel's. */
  void lead(int pid, Batch b) {
    if (same) {
      return;
    }
    Vma old = old();
    long at = known();
    try {
      VdsoImage here = new VdsoImage(Vdso.code());
      VdsoImage code = new VdsoImage(old == null ? source : read(pid, at, old));
      if (old != null && code.sameBut(here) && standsAlone(at) && !isEntered(at)) {
        takeBack(b, at);
        return;
      }
      try (Fd mem = Fd.open("/proc/" + pid + "/mem", Fd.O_RDWR);
          Arena arena = Arena.ofConfined()) {
        byte[] all = code.leadingTo(here, at, address());
        ProcessMemory.writeForced(mem, at, arena.allocateFrom(ValueLayout.JAVA_BYTE, all));
      }
    } catch (IllegalArgumentException e) {
      throw refused(image, VDSO);
    }
  }

  private static byte[] read(int pid, long at, Vma old) {
    long left = Math.min(old.getStart() + old.getLength() - at, VdsoImage.MOST);
    return ProcessMemory.read(pid, at, (int) left);
  }

  /** Whether nothing of the program's stands where the data of the kernel's own would. */
  private boolean standsAlone(long at) {
    long start = at - (address() - places.values().stream().mapToLong(l -> l).min().orElseThrow());
    return image.getMemory().getVmasList().stream()
        .noneMatch(v -> v.getStart() < at && v.getStart() + v.getLength() > start);
  }

  /** Whether a thread stands in it, who may be in a system call that stands for a function. */
  private boolean isEntered(long at) {
    long end = at + sizes.getOrDefault(VDSO, 0L);
    return image.getThreadsList().stream()
        .mapToLong(t -> t.getRegisters(MachineCode.RIP))
        .anyMatch(rip -> at <= rip && rip < end);
  }

  private void takeBack(Batch b, long at) {
    long by = at - address();
    b.add("munmap", Nr.MUNMAP, at, sizes.getOrDefault(VDSO, 0L));
    for (String name : new ArrayList<>(places.keySet())) {
      long from = Objects.requireNonNull(places.get(name));
      mremap(b, name, from, from + by);
      places.put(name, from + by);
    }
  }
}
