package hob.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * The one door to the kernel: {@code syscall(2)} through the foreign function interface.
 *
 * <p>Any thread. Results are the kernel's own: a value, or {@code -errno}. {@link #check} turns the
 * latter into a {@link LinuxException}; EINTR is never retried here.
 */
public final class Sys {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle SYSCALL =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("syscall"),
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG),
          Linker.Option.captureCallState("errno"),
          Linker.Option.firstVariadicArg(1));

  /** Where each thread finds errno; lives as long as the thread. */
  private static final ThreadLocal<MemorySegment> STATE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE));

  private Sys() {}

  /**
   * Makes a system call.
   *
   * @param nr number, see {@link Nr}
   * @return what the kernel returned, {@code -errno} on failure
   */
  public static long call(int nr, long a, long b, long c, long d, long e, long f) {
    MemorySegment state = STATE.get();
    try {
      long r = (long) SYSCALL.invokeExact(state, (long) nr, a, b, c, d, e, f);
      return r == -1 ? -(long) (int) ERRNO.get(state, 0L) : r;
    } catch (Throwable t) {
      throw new AssertionError("syscall " + nr, t);
    }
  }

  /** As {@link #call(int, long, long, long, long, long, long)}, the other arguments 0. */
  public static long call(int nr, long a, long b, long c, long d) {
    return call(nr, a, b, c, d, 0, 0);
  }

  /** As {@link #call(int, long, long, long, long, long, long)}, the other arguments 0. */
  public static long call(int nr, long a, long b, long c) {
    return call(nr, a, b, c, 0, 0, 0);
  }

  /** As {@link #call(int, long, long, long, long, long, long)}, the other arguments 0. */
  public static long call(int nr, long a, long b) {
    return call(nr, a, b, 0, 0, 0, 0);
  }

  /** As {@link #call(int, long, long, long, long, long, long)}, the other arguments 0. */
  public static long call(int nr, long a) {
    return call(nr, a, 0, 0, 0, 0, 0);
  }

  /** Whether {@code r} is {@code -errno}. */
  public static boolean failed(long r) {
    return r < 0 && r >= -4095;
  }

  /**
   * Returns {@code r}, or throws when it is an error.
   *
   * @param what the call, for the message
   * @param about its arguments, for the message
   */
  public static long check(long r, String what, Object... about) {
    if (failed(r)) {
      throw new LinuxException(what, Errno.of((int) -r), about);
    }
    return r;
  }
}
