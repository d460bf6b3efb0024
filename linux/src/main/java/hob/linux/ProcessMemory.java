package hob.linux;

import java.lang.foreign.MemorySegment;

/**
 * Another process's memory: {@code process_vm_readv(2)}, {@code process_vm_writev(2)}, and {@code
 * /proc/PID/mem} where the mapping's protection forbids those. Any thread; the process may run.
 */
public final class ProcessMemory {
  private static final long STEP = 1L << 28;

  private ProcessMemory() {}

  /** Fills {@code into} from {@code address}; EFAULT when a part is not mapped or not readable. */
  public static void read(int pid, long address, MemorySegment into) {
    move(Nr.PROCESS_VM_READV, "process_vm_readv", pid, address, into);
  }

  /** Copies {@code from} to {@code address}; EFAULT when a part is not mapped or not writable. */
  public static void write(int pid, long address, MemorySegment from) {
    move(Nr.PROCESS_VM_WRITEV, "process_vm_writev", pid, address, from);
  }

  /** As {@link #write(int, long, MemorySegment)}, from the heap. */
  public static void write(int pid, long address, byte[] from) {
    MemorySegment s = Scratch.get();
    for (int at = 0; at < from.length; ) {
      int n = (int) Math.min(from.length - at, s.byteSize() - 64);
      MemorySegment.copy(from, at, s, Scratch.BYTE, 64, n);
      write(pid, address + at, s.asSlice(64, n));
      at += n;
    }
  }

  /** As {@link #read(int, long, MemorySegment)}, to the heap. */
  public static byte[] read(int pid, long address, int length) {
    MemorySegment s = Scratch.get();
    byte[] into = new byte[length];
    for (int at = 0; at < length; ) {
      int n = (int) Math.min(length - at, s.byteSize() - 64);
      read(pid, address + at, s.asSlice(64, n));
      MemorySegment.copy(s, Scratch.BYTE, 64, into, at, n);
      at += n;
    }
    return into;
  }

  /** Eight bytes. */
  public static long readLong(int pid, long address) {
    MemorySegment s = Scratch.get();
    read(pid, address, s.asSlice(64, 8));
    return s.get(Scratch.LONG, 64);
  }

  private static void move(int nr, String name, int pid, long address, MemorySegment local) {
    MemorySegment v = Scratch.get();
    long size = local.byteSize();
    for (long at = 0; at < size; ) {
      long n = Math.min(STEP, size - at);
      v.set(Scratch.LONG, 0, local.address() + at);
      v.set(Scratch.LONG, 8, n);
      v.set(Scratch.LONG, 16, address + at);
      v.set(Scratch.LONG, 24, n);
      long r = Sys.call(nr, pid, v.address(), 1, v.address() + 16, 1, 0);
      if (r <= 0) {
        Sys.check(
            r == 0 ? -Errno.EFAULT.number() : r, name, pid, Long.toHexString(address + at), n);
      }
      at += r;
    }
  }

  /**
   * Reads through {@code /proc/PID/mem}, past missing read permission. {@code mem} is an open
   * descriptor of it.
   */
  public static void readForced(Fd mem, long address, MemorySegment into) {
    for (long at = 0; at < into.byteSize(); ) {
      long r =
          Sys.call(
              Nr.PREAD64, mem.number(), into.address() + at, into.byteSize() - at, address + at);
      if (r <= 0) {
        Sys.check(
            r == 0 ? -Errno.EFAULT.number() : r,
            "pread",
            "/proc/PID/mem",
            Long.toHexString(address + at));
      }
      at += r;
    }
  }

  /** Writes through {@code /proc/PID/mem}, past missing write permission. */
  public static void writeForced(Fd mem, long address, MemorySegment from) {
    for (long at = 0; at < from.byteSize(); ) {
      long r =
          Sys.call(
              Nr.PWRITE64, mem.number(), from.address() + at, from.byteSize() - at, address + at);
      if (r <= 0) {
        Sys.check(
            r == 0 ? -Errno.EFAULT.number() : r,
            "pwrite",
            "/proc/PID/mem",
            Long.toHexString(address + at));
      }
      at += r;
    }
  }
}
