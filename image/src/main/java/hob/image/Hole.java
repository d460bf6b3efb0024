package hob.image;

import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.ProcessMemory;
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

  private static final int PROT_ALL = 7;
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

  /** Maps a hole anywhere in the process. */
  static Hole open(Tracee t, int pid, long syscallInstruction) {
    long at =
        t.must(
            syscallInstruction,
            "mmap",
            Nr.MMAP,
            0,
            SIZE,
            PROT_ALL,
            MAP_PRIVATE_ANON_NORESERVE,
            -1,
            0);
    return written(pid, at);
  }

  /** Maps a hole at a place of one's choice. */
  static Hole openAt(Tracee t, int pid, long syscallInstruction, long at) {
    t.must(
        syscallInstruction,
        "mmap",
        Nr.MMAP,
        at,
        SIZE,
        PROT_ALL,
        MAP_PRIVATE_ANON_NORESERVE | MAP_FIXED_NOREPLACE,
        -1,
        0);
    return written(pid, at);
  }

  private static Hole written(int pid, long at) {
    ProcessMemory.write(pid, at, MachineCode.BYTES);
    return new Hole(at);
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
    long gap = 1 << 20;
    long at = 0x200000;
    for (Range r : sorted) {
      if (Long.compareUnsigned(at + size + gap, r.start) <= 0) {
        return at;
      }
      if (Long.compareUnsigned(r.end + gap, at) > 0) {
        at = r.end + gap;
      }
    }
    if (Long.compareUnsigned(at + size, 0x7fff_0000_0000L) > 0) {
      throw new IllegalStateException("no free place of " + size + " bytes in the address space");
    }
    return at;
  }
}
