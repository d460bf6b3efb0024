package hob.image;

import static hob.image.MachineCode.ORIG_RAX;
import static hob.image.MachineCode.RBX;
import static hob.image.MachineCode.RIP;

import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.ProcessMemory;
import hob.linux.Ptrace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * System calls that run one after the other inside a process: a table in its memory and a small
 * loop (0.2-1 us a call, against 20 us with two ptrace stops each). The table flushes itself when
 * full, so a batch has no length limit; results and outputs are handed to callbacks after the flush
 * that ran them.
 *
 * <p>Only the tracer's thread. The {@link Hole} it writes into belongs to one process; threads of
 * the process may use it one after the other.
 */
public final class Batch {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final int MAY_FAIL = 1;
  private static final int LAST = 2;

  private final Tracee tracee;
  private final int pid;
  private final Hole hole;
  private final Staging staging;

  /** Each takes what it wants out of the staging buffers, for a step that runs after all have. */
  private final List<Supplier<Runnable>> after = new ArrayList<>();

  private final List<String> names = new ArrayList<>();
  private int entries;
  private long data;
  private long answersEnd;
  private long outputsEnd;

  /**
   * Where tables are put together before they are copied over: one for each tracer thread, reused.
   */
  static final class Staging {
    private final MemorySegment table = Arena.ofAuto().allocate(Hole.TABLE, 64);
    private final MemorySegment data = Arena.ofAuto().allocate(Hole.DATA, 64);
  }

  private static final ThreadLocal<Staging> STAGING = ThreadLocal.withInitial(Staging::new);

  /**
   * A batch for one thread.
   *
   * @param pid of its process, for memory access
   */
  Batch(Tracee tracee, int pid, Hole hole) {
    this.tracee = tracee;
    this.pid = pid;
    this.hole = hole;
    this.staging = STAGING.get();
  }

  /** An address inside the hole that it works in. */
  long hole() {
    return hole.code();
  }

  /** Touches this thread's buffers. */
  static void warmUp() {
    Staging s = STAGING.get();
    s.table.fill((byte) 0);
    s.data.fill((byte) 0);
  }

  /** Makes sure that so many entries and bytes of data go into the same flush. */
  void room(int moreEntries, long moreData) {
    if (moreEntries * 64L > Hole.TABLE || moreData > Hole.DATA) {
      throw new IllegalArgumentException(
          "batch of " + moreEntries + " entries and " + moreData + " bytes is too large");
    }
    if ((entries + moreEntries) * 64L > Hole.TABLE || data + moreData > Hole.DATA) {
      run();
    }
  }

  /** Adds a call that must succeed. */
  void add(String name, int nr, long... arguments) {
    put(name, 0, nr, arguments);
  }

  /** Adds a call whose failure is ignored. */
  void attempt(String name, int nr, long... arguments) {
    put(name, MAY_FAIL, nr, arguments);
  }

  /** Adds a call that may fail and whose result (or {@code -errno}) is wanted. */
  void ask(String name, LongConsumer result, int nr, long... arguments) {
    put(name, MAY_FAIL, nr, arguments);
    long at = (entries - 1) * 64L + 56;
    after.add(() -> {
      long value = staging.table.get(LONG, at);
      return () -> result.accept(value);
    });
    answersEnd = at + 8;
  }

  private void put(String name, int flags, int nr, long... arguments) {
    if ((entries + 1) * 64L > Hole.TABLE) {
      run();
    }
    long at = entries * 64L;
    MemorySegment t = staging.table;
    t.set(SHORT, at, (short) nr);
    t.set(SHORT, at + 2, (short) flags);
    for (int i = 0; i < 6; i++) {
      t.set(LONG, at + 8 + 8L * i, i < arguments.length ? arguments[i] : 0);
    }
    t.set(LONG, at + 56, 0);
    names.add(name);
    entries++;
  }

  /**
   * Puts bytes where the calls of this flush can read them; returns their address in the process.
   */
  long data(byte[] bytes) {
    if (data + bytes.length > Hole.DATA) {
      throw new IllegalStateException("no room for " + bytes.length + " bytes: call room first");
    }
    long at = data;
    MemorySegment.copy(bytes, 0, staging.data, ValueLayout.JAVA_BYTE, at, bytes.length);
    data = (data + bytes.length + 15) & ~15L;
    return hole.data() + at;
  }

  /** As {@link #data(byte[])}, with a NUL at the end. */
  long string(byte[] bytes) {
    return data(java.util.Arrays.copyOf(bytes, bytes.length + 1));
  }

  /** Zeroed space for what calls of this flush write; {@code reader} gets it after the flush. */
  long output(int length, Consumer<byte[]> reader) {
    long address = data(new byte[length]);
    long at = address - hole.data();
    after.add(() -> {
      byte[] bytes = staging.data.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
      return () -> reader.accept(bytes);
    });
    outputsEnd = at + length;
    return address;
  }

  /** Runs what has been added. */
  void run() {
    if (entries == 0) {
      return;
    }
    MemorySegment t = staging.table;
    long last = (entries - 1) * 64L + 2;
    t.set(SHORT, last, (short) (t.get(SHORT, last) | LAST));
    ProcessMemory.write(pid, hole.table(), t.asSlice(0, entries * 64L));
    if (data > 0) {
      ProcessMemory.write(pid, hole.data(), staging.data.asSlice(0, data));
    }
    long[] r = tracee.base();
    r[ORIG_RAX] = -1;
    r[RIP] = hole.code() + MachineCode.BATCH;
    r[RBX] = hole.table();
    Ptrace.registers(tracee.tid(), r);
    tracee.runToTrap(names);
    long[] end = Ptrace.registers(tracee.tid());
    long done = (end[RBX] - hole.table()) / 64;
    if (end[RIP] != hole.code() + MachineCode.STOP + 1 || done != entries) {
      throw failure(end, done);
    }
    if (answersEnd > 0) {
      ProcessMemory.read(pid, hole.table(), t.asSlice(0, answersEnd));
    }
    if (outputsEnd > 0) {
      ProcessMemory.read(pid, hole.data(), staging.data.asSlice(0, outputsEnd));
    }
    List<Runnable> readers = after.stream().map(Supplier::get).toList();
    entries = 0;
    data = 0;
    answersEnd = 0;
    outputsEnd = 0;
    names.clear();
    after.clear();
    readers.forEach(Runnable::run);
  }

  private LinuxException failure(long[] end, long done) {
    if (done < 0 || done >= entries) {
      return new LinuxException("batch", Errno.EPROTO, "rip " + Long.toHexString(end[RIP]));
    }
    List<String> arguments = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      arguments.add(Long.toHexString(staging.table.get(LONG, done * 64 + 8 + 8L * i)));
    }
    return new LinuxException(
        names.get((int) done),
        Errno.of((int) -end[MachineCode.RAX]),
        arguments,
        "in pid " + pid,
        "call " + done + " of " + entries);
  }
}
