package hob.image;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;
import hob.linux.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * The place in a process's address space where Hob's machine code and call tables stand while it
 * works there.
 *
 * @param code address of a page with {@link MachineCode}
 */
record Hole(long code) {
  static final long PAGE = 4096;

  /** Bytes of the call table: 4,096 entries. */
  static final long TABLE = 256 << 10;

  /** Bytes for arguments and results. */
  static final long DATA = 512 << 10;

  /** Room for a signal frame with every register that there is, AMX's tiles too. */
  static final long STACK = 32 << 10;

  /** All of it. */
  static final long SIZE = PAGE + TABLE + DATA + STACK;

  /** Distance to all else. */
  private static final long GAP = 1 << 20;

  private static final int RLIMIT_AS = 9;
  private static final int STAT_VSIZE = 23;
  private static final int PROT_ALL = 7;
  private static final int PROT_CODE = 5;
  private static final int PROT_DATA = 3;
  private static final int MAP_PRIVATE_ANON_NORESERVE = 0x4022;
  private static final int MAP_FIXED_NOREPLACE = 0x100000;

  long table() {
    return code + PAGE;
  }

  long data() {
    return code + PAGE + TABLE;
  }

  /** Where the stack of whoever works here begins. */
  long stack() {
    return end() - 64;
  }

  long end() {
    return code + SIZE;
  }

  long single() {
    return code + MachineCode.SINGLE;
  }

  /**
   * Maps a hole anywhere in the process.
   *
   * @throws hob.image.Collection.Refused when it may not have another mapping
   */
  static Hole open(Tracee t, int pid, long syscallInstruction) {
    return map(t, pid, syscallInstruction, 0, 0);
  }

  /** Bytes for a hole and, behind it, what is special of {@code maps}. */
  static long room(Collection<MapsEntry> maps) {
    return SIZE + maps.stream().filter(MapsEntry::special).mapToLong(MapsEntry::size).sum() + PAGE;
  }

  /** Whether {@code size} bytes at {@code at} keep their distance to all of {@code taken}. */
  static boolean isFree(Collection<Range> taken, long at, long size) {
    return taken.stream()
        .noneMatch(r ->
            Long.compareUnsigned(r.start, at + size + GAP) < 0
                && Long.compareUnsigned(at, r.end + GAP) < 0);
  }

  /** Maps a hole at a place of one's choice. */
  static Hole openAt(Tracee t, int pid, long syscallInstruction, long at) {
    return map(t, pid, syscallInstruction, at, MAP_FIXED_NOREPLACE);
  }

  private static Hole map(Tracee t, int pid, long syscallInstruction, long at, int flags) {
    long kind = MAP_PRIVATE_ANON_NORESERVE | flags;
    long r = t.inject(syscallInstruction, Nr.MMAP, at, SIZE, PROT_ALL, kind, -1, 0);
    if (Errno.ENOMEM.is(r)) {
      throw new hob.image.Collection.Refused(full(pid));
    }
    if (!Errno.EACCES.is(r)) {
      Sys.check(r, "mmap", "in tid " + t.tid());
      ProcessMemory.write(pid, r, MachineCode.BYTES);
      return new Hole(r);
    }
    // PR_SET_MDWE: nothing may be written and executed, but by a tracer.
    long code = t.must(syscallInstruction, "mmap", Nr.MMAP, at, SIZE, PROT_CODE, kind, -1, 0);
    t.must(syscallInstruction, "mprotect", Nr.MPROTECT, code + PAGE, SIZE - PAGE, PROT_DATA);
    try (Fd mem = Fd.open("/proc/" + pid + "/mem", Fd.O_RDWR);
        Arena arena = Arena.ofConfined()) {
      ProcessMemory.writeForced(
          mem, code, arena.allocateFrom(ValueLayout.JAVA_BYTE, MachineCode.BYTES));
    }
    return new Hole(code);
  }

  private static Refusal full(int pid) {
    return new Refusal(
        pid,
        "address-space",
        "may map nothing more: its address space is as large as RLIMIT_AS allows, or has"
            + " vm.max_map_count mappings");
  }

  /** Whether a process that may be running has room for one. */
  static void check(ProcessFacts p, List<Refusal> out) {
    long limit = LimitState.read(p.pid())[RLIMIT_AS].getSoft();
    long size = p.stat().field(STAT_VSIZE);
    long most = Long.parseLong(ProcFs.text("/proc/sys/vm/max_map_count").strip());
    // The vsyscall page is listed, but counts for nothing.
    if ((limit != -1 && size + SIZE > limit) || p.maps().size() - 1 >= most) {
      out.add(full(p.pid()));
    }
  }

  /** An address range. */
  record Range(long start, long end) {
    static Range of(MapsEntry e) {
      return new Range(e.start(), e.end());
    }
  }

  /**
   * The lowest place of {@code size} bytes that keeps a distance of 1 MiB to all of {@code taken}.
   */
  static long place(Collection<Range> taken, long size) {
    List<Range> sorted = new ArrayList<>(taken);
    sorted.sort(Comparator.comparing(Range::start, Long::compareUnsigned));
    long at = 0x200000;
    for (Range r : sorted) {
      if (Long.compareUnsigned(at + size + GAP, r.start) <= 0) {
        return at;
      }
      if (Long.compareUnsigned(r.end + GAP, at) > 0) {
        at = r.end + GAP;
      }
    }
    if (Long.compareUnsigned(at + size, 0x7fff_0000_0000L) > 0) {
      throw new IllegalStateException("no free place of " + size + " bytes in the address space");
    }
    return at;
  }
}
