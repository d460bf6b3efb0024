package hob.image;

import hob.linux.Ptrace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a thread of a process in doubt goes on once it may: its registers and signal mask.
 *
 * @param tid in the host's /proc
 * @param registers as {@link Ptrace#registers}
 */
public record ThreadPlace(int tid, long[] registers, long mask) {
  private static final int BYTES = 4 + 8 * Ptrace.REGS + 8;

  /** Bytes for a later daemon. */
  public static byte[] write(List<ThreadPlace> all) {
    ByteBuffer b = ByteBuffer.allocate(all.size() * BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (ThreadPlace p : all) {
      b.putInt(p.tid);
      for (long r : p.registers) {
        b.putLong(r);
      }
      b.putLong(p.mask);
    }
    return b.array();
  }

  /** What {@link #write} wrote, or as many as a daemon that was killed meanwhile has. */
  public static List<ThreadPlace> read(byte[] bytes) {
    ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    List<ThreadPlace> all = new ArrayList<>();
    while (b.remaining() >= BYTES) {
      int tid = b.getInt();
      long[] registers = new long[Ptrace.REGS];
      for (int i = 0; i < registers.length; i++) {
        registers[i] = b.getLong();
      }
      all.add(new ThreadPlace(tid, registers, b.getLong()));
    }
    return all;
  }
}
