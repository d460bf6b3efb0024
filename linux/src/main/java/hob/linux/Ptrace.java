package hob.linux;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * {@code ptrace(2)}. All calls for one tracee come from the thread that seized it; the tracee must
 * be in a ptrace stop except for {@link #seize} and {@link #interrupt}. ESRCH means that it died,
 * or is not stopped, or is another thread's.
 */
public final class Ptrace {
  /** PTRACE_O_TRACESYSGOOD. */
  public static final int O_TRACESYSGOOD = 1;

  /** PTRACE_O_TRACEFORK. */
  public static final int O_TRACEFORK = 2;

  /** PTRACE_O_TRACEVFORK. */
  public static final int O_TRACEVFORK = 4;

  /** PTRACE_O_TRACECLONE. */
  public static final int O_TRACECLONE = 8;

  /** PTRACE_O_TRACEEXIT. */
  public static final int O_TRACEEXIT = 64;

  /** PTRACE_O_TRACEEXEC. */
  public static final int O_TRACEEXEC = 16;

  /** PTRACE_O_EXITKILL. */
  public static final int O_EXITKILL = 0x100000;

  /** PTRACE_O_SUSPEND_SECCOMP. */
  public static final int O_SUSPEND_SECCOMP = 0x200000;

  private static final int CONT = 7;
  private static final int SINGLESTEP = 9;
  private static final int DETACH = 17;
  private static final int SYSCALL = 24;
  private static final int SETOPTIONS = 0x4200;
  private static final int GETEVENTMSG = 0x4201;
  private static final int GETSIGINFO = 0x4202;
  private static final int SETSIGINFO = 0x4203;
  private static final int GETREGSET = 0x4204;
  private static final int SETREGSET = 0x4205;
  private static final int SEIZE = 0x4206;
  private static final int INTERRUPT = 0x4207;
  private static final int LISTEN = 0x4208;
  private static final int PEEKSIGINFO = 0x4209;
  private static final int GETSIGMASK = 0x420a;
  private static final int SETSIGMASK = 0x420b;
  private static final int SECCOMP_GET_FILTER = 0x420c;
  private static final int SECCOMP_GET_METADATA = 0x420d;
  private static final int GET_RSEQ_CONFIGURATION = 0x420f;
  private static final int GET_SYSCALL_USER_DISPATCH_CONFIG = 0x4211;
  private static final int NT_PRSTATUS = 1;
  private static final int NT_X86_XSTATE = 0x202;

  /** Words in the general registers of x86-64, {@code struct user_regs_struct}. */
  public static final int REGS = 27;

  /** Size of a {@code siginfo_t}, bytes. */
  public static final int SIGINFO = 128;

  private Ptrace() {}

  private static long request(int request, int pid, long addr, long data) {
    return Sys.call(Nr.PTRACE, request, pid, addr, data);
  }

  private static void must(String name, int request, int pid, long addr, long data) {
    Sys.check(request(request, pid, addr, data), name, pid);
  }

  /** PTRACE_SEIZE; returns {@code -errno} or 0. */
  public static long seize(int tid, int options) {
    return request(SEIZE, tid, 0, options);
  }

  /** PTRACE_INTERRUPT; returns {@code -errno} or 0. */
  public static long interrupt(int tid) {
    return request(INTERRUPT, tid, 0, 0);
  }

  /** PTRACE_CONT with a signal, 0 for none. */
  public static void cont(int tid, int signal) {
    must("PTRACE_CONT", CONT, tid, 0, signal);
  }

  /** PTRACE_SYSCALL. */
  public static void syscall(int tid) {
    must("PTRACE_SYSCALL", SYSCALL, tid, 0, 0);
  }

  /** PTRACE_SINGLESTEP. */
  public static void step(int tid) {
    must("PTRACE_SINGLESTEP", SINGLESTEP, tid, 0, 0);
  }

  /** PTRACE_LISTEN: leaves a group-stopped tracee stopped, and reports when that changes. */
  public static long listen(int tid) {
    return request(LISTEN, tid, 0, 0);
  }

  /** PTRACE_DETACH with a signal, 0 for none; returns {@code -errno} or 0. */
  public static long detach(int tid, int signal) {
    return request(DETACH, tid, 0, signal);
  }

  /** PTRACE_SETOPTIONS. */
  public static void setOptions(int tid, int options) {
    must("PTRACE_SETOPTIONS", SETOPTIONS, tid, 0, options);
  }

  /** PTRACE_GETEVENTMSG; valid only at the event's own stop. */
  public static long eventMessage(int tid) {
    MemorySegment s = Scratch.get();
    must("PTRACE_GETEVENTMSG", GETEVENTMSG, tid, 0, s.address());
    return s.get(Scratch.LONG, 0);
  }

  /** General registers, {@value #REGS} words in the order of {@code struct user_regs_struct}. */
  public static long[] registers(int tid) {
    MemorySegment s = Scratch.get();
    iov(s, s.address() + 64, REGS * 8L);
    must("PTRACE_GETREGSET", GETREGSET, tid, NT_PRSTATUS, s.address());
    return s.asSlice(64, REGS * 8L).toArray(Scratch.LONG);
  }

  /** Sets the general registers. */
  public static void registers(int tid, long[] regs) {
    MemorySegment s = Scratch.get();
    iov(s, s.address() + 64, REGS * 8L);
    MemorySegment.copy(regs, 0, s, Scratch.LONG, 64, REGS);
    must("PTRACE_SETREGSET", SETREGSET, tid, NT_PRSTATUS, s.address());
  }

  /** Extended state (x87, SSE, AVX, AVX-512, PKRU...) in the kernel's XSAVE format. */
  public static byte[] xstate(int tid) {
    MemorySegment s = Scratch.get();
    iov(s, s.address() + 64, s.byteSize() - 64);
    must("PTRACE_GETREGSET", GETREGSET, tid, NT_X86_XSTATE, s.address());
    return s.asSlice(64, s.get(Scratch.LONG, 8)).toArray(Scratch.BYTE);
  }

  /** Sets the extended state. */
  public static void xstate(int tid, byte[] state) {
    MemorySegment s = Scratch.get();
    iov(s, s.address() + 64, state.length);
    MemorySegment.copy(state, 0, s, Scratch.BYTE, 64, state.length);
    must("PTRACE_SETREGSET", SETREGSET, tid, NT_X86_XSTATE, s.address());
  }

  private static void iov(MemorySegment s, long base, long length) {
    s.set(Scratch.LONG, 0, base);
    s.set(Scratch.LONG, 8, length);
  }

  /** Blocked signals; bit n-1 is signal n. */
  public static long signalMask(int tid) {
    MemorySegment s = Scratch.get();
    must("PTRACE_GETSIGMASK", GETSIGMASK, tid, 8, s.address());
    return s.get(Scratch.LONG, 0);
  }

  /** Sets the blocked signals. */
  public static void signalMask(int tid, long mask) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.LONG, 0, mask);
    must("PTRACE_SETSIGMASK", SETSIGMASK, tid, 8, s.address());
  }

  /** The {@code siginfo_t} of the current stop. */
  public static byte[] signalInfo(int tid) {
    MemorySegment s = Scratch.get();
    must("PTRACE_GETSIGINFO", GETSIGINFO, tid, 0, s.address());
    return s.asSlice(0, SIGINFO).toArray(Scratch.BYTE);
  }

  /** Replaces the {@code siginfo_t} of a signal-delivery stop. */
  public static void signalInfo(int tid, byte[] info) {
    MemorySegment s = Scratch.get();
    MemorySegment.copy(info, 0, s, Scratch.BYTE, 0, SIGINFO);
    must("PTRACE_SETSIGINFO", SETSIGINFO, tid, 0, s.address());
  }

  /**
   * Pending signals without taking them.
   *
   * @param shared the process's queue, else the thread's
   * @return {@code siginfo_t}s, {@value #SIGINFO} bytes each, oldest first
   */
  public static byte[][] pendingSignals(int tid, boolean shared) {
    MemorySegment s = Scratch.get();
    byte[][] all = new byte[0][];
    int batch = 64;
    while (true) {
      s.set(Scratch.LONG, 0, all.length);
      s.set(Scratch.INT, 8, shared ? 1 : 0);
      s.set(Scratch.INT, 12, batch);
      long n =
          Sys.check(
              request(PEEKSIGINFO, tid, s.address(), s.address() + 64), "PTRACE_PEEKSIGINFO", tid);
      int from = all.length;
      all = Arrays.copyOf(all, from + (int) n);
      for (int i = 0; i < n; i++) {
        all[from + i] = s.asSlice(64 + (long) i * SIGINFO, SIGINFO).toArray(Scratch.BYTE);
      }
      if (n < batch) {
        return all;
      }
    }
  }

  /**
   * One of the seccomp filters of a thread: PTRACE_SECCOMP_GET_FILTER.
   *
   * @param index from 0, the oldest
   * @return {@code struct sock_filter}s, 8 bytes each; null when there is none with that index
   */
  public static byte @org.jspecify.annotations.Nullable [] seccompFilter(int tid, int index) {
    MemorySegment s = Scratch.get();
    long n = request(SECCOMP_GET_FILTER, tid, index, s.address());
    if (Errno.ENOENT.is(n)) {
      return null;
    }
    Sys.check(n, "PTRACE_SECCOMP_GET_FILTER", tid, index);
    return s.asSlice(0, n * 8).toArray(Scratch.BYTE);
  }

  /** SECCOMP_FILTER_FLAG_ bits that filter {@code index} was installed with. */
  public static long seccompFlags(int tid, int index) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.LONG, 0, index);
    Sys.check(
        request(SECCOMP_GET_METADATA, tid, 16, s.address()), "PTRACE_SECCOMP_GET_METADATA", tid);
    return s.get(Scratch.LONG, 8);
  }

  /**
   * Whether system calls of a stopped thread are given to itself, as SIGSYS
   * (PR_SET_SYSCALL_USER_DISPATCH). Kernels before 6.4 do not tell.
   */
  public static boolean dispatchesCalls(int tid) {
    MemorySegment s = Scratch.get();
    return request(GET_SYSCALL_USER_DISPATCH_CONFIG, tid, 32, s.address()) == 0
        && s.get(Scratch.LONG, 0) != 0;
  }

  /**
   * Restartable-sequences registration.
   *
   * @return pointer, size, signature, flags; null when there is none
   */
  public static long @org.jspecify.annotations.Nullable [] rseq(int tid) {
    MemorySegment s = Scratch.get();
    long r = request(GET_RSEQ_CONFIGURATION, tid, 24, s.address());
    if (r <= 0 || s.get(Scratch.LONG, 0) == 0) {
      return null;
    }
    return new long[] {
      s.get(Scratch.LONG, 0),
      s.get(Scratch.INT, 8) & 0xffffffffL,
      s.get(Scratch.INT, 12) & 0xffffffffL,
      s.get(Scratch.INT, 16) & 0xffffffffL
    };
  }
}
