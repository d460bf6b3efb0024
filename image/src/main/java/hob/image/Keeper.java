package hob.image;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.PidFd;
import hob.linux.ProcessMemory;
import hob.linux.Ptrace;
import hob.linux.SeccompListener;
import hob.linux.Signals;
import hob.linux.Wait;
import java.util.HexFormat;

/**
 * A process of one page that keeps the listener of a session's filter. While its daemon lives it
 * sleeps in a read from a pipe; when that ends, it lets every call that is reported go on, and
 * those before that the daemon had {@linkplain ReportedCalls not answered}, so that the session's
 * programs run on at home as if there were no Hob. The next daemon takes the listener from it. It
 * ends when no process has the filter any more.
 *
 * <p>Any one thread.
 */
public final class Keeper {
  /** Descriptor of the listener in the keeper. */
  private static final int LISTENER = 0;

  private static final int PIPE = 1;

  private static final int CALLS = 2;

  /**
   * <pre>
   * 00 wait:   while (read(r12, rbx+128, 1) != 0); response.flags = CONTINUE; [rbx+f8] = [rbx]
   * 28         for (r14 = rbx+f8; r14 % 4096 != 0; r14 += 8) if ([r14] != 0) answer([r14])
   * 49 again:  poll({fd r13, POLLIN} at rbx+80, 1, -1); if (revents &amp; POLLHUP) goto bf
   *            memset(rbx, 0, 80); if (ioctl(r13, SECCOMP_IOCTL_NOTIF_RECV, rbx) != 0) goto again
   *            answer([rbx]); goto again
   * a7 answer: ioctl(r13, SECCOMP_IOCTL_NOTIF_SEND, {id rax, 0, 0, CONTINUE} at rbx+60); ret
   * bf:        exit_group(0)
   * </pre>
   */
  private static final byte[] CODE =
      HexFormat.of()
          .parseHex(
              "31c04489e7488db380000000ba010000000f0585c075e9c7437401000000488b03488983f80000004c8d"
                  + "b3f8000000498b064885c07405e86b0000004983c60841f7c6ff0f000075e64489ab80000000c7838400"
                  + "000001000000488dbb80000000be01000000baffffffffb8070000000f05f683860000001075444889df"
                  + "31c0b950000000f3aa4489efbe002150c04889dab8100000000f0585c075ac488b03e802000000eba248"
                  + "8943604489efbe012118c0488d5360b8100000000f05c331ffb8e70000000f05f4");

  private static final int PROT_READ_WRITE_EXEC = 7;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED = 1;
  private static final int PAGE = 4096;
  private static final int O_CLOEXEC = Fd.O_CLOEXEC;
  private static final int POLLIN = 1;

  private final int pid;
  private final Fd alive;

  private Keeper(int pid, Fd alive) {
    this.pid = pid;
    this.alive = alive;
  }

  /** Starts one for calls that this daemon hears of. */
  public static Keeper start(ReportedCalls calls) {
    Fd[] pipe = Fd.pipe(O_CLOEXEC);
    try (Fd end = pipe[0]) {
      Tracee t = Stub.start("hob-keeper", Ptrace.O_EXITKILL);
      long single = Stub.CODE + MachineCode.SINGLE;
      int self = (int) ProcessHandle.current().pid();
      long daemon = t.must(single, "pidfd_open", Nr.PIDFD_OPEN, self, 0);
      move(t, single, daemon, end.number(), PIPE);
      move(t, single, daemon, calls.file().number(), CALLS);
      // Last, as it takes the place of the daemon's own descriptor.
      move(t, single, daemon, calls.listenerFile().number(), LISTENER);
      if (daemon > CALLS) {
        t.must(single, "close", Nr.CLOSE, daemon);
      }
      long at =
          t.must(
              single, "mmap", Nr.MMAP, 0, PAGE, PROT_READ_WRITE_EXEC, MAP_PRIVATE_ANONYMOUS, -1, 0);
      ProcessMemory.write(t.tid(), at, CODE);
      long shared = t.must(single, "mmap", Nr.MMAP, 0, PAGE, PROT_READ_WRITE, MAP_SHARED, CALLS, 0);
      long[] r = t.base();
      r[MachineCode.RIP] = at;
      r[MachineCode.ORIG_RAX] = -1;
      r[MachineCode.RBX] = shared;
      r[MachineCode.R12] = PIPE;
      r[MachineCode.R13] = LISTENER;
      Ptrace.registers(t.tid(), r);
      Ptrace.detach(t.tid(), 0);
      return new Keeper(t.tid(), pipe[1]);
    } catch (RuntimeException e) {
      pipe[1].close();
      throw e;
    }
  }

  /** The daemon's descriptor {@code from} becomes {@code to} of the keeper. */
  private static void move(Tracee t, long single, long daemon, int from, int to) {
    long fd = t.must(single, "pidfd_getfd", Nr.PIDFD_GETFD, daemon, from, 0);
    // The stub begins without any descriptor, so the numbers are low and may be the wanted one.
    if (fd != to) {
      t.must(single, "dup2", Nr.DUP2, fd, to);
      t.must(single, "close", Nr.CLOSE, fd);
    }
  }

  /**
   * The listener that an earlier daemon's keeper has. That keeper ends; calls that it, or its
   * daemon, left without an answer are carried out.
   */
  public static SeccompListener takeOver(int pid) {
    try (Fd keeper = PidFd.open(pid);
        Fd calls = PidFd.get(keeper, CALLS)) {
      SeccompListener listener = new SeccompListener(PidFd.get(keeper, LISTENER));
      PidFd.signal(keeper, Signals.SIGKILL);
      keeper.poll(POLLIN, -1);
      ReportedCalls.proceedAll(listener, calls);
      return listener;
    }
  }

  /** Its pid. */
  public int pid() {
    return pid;
  }

  /** Ends it: the session is over. */
  public void end() {
    alive.close();
    Signals.kill(pid, Signals.SIGKILL);
    try {
      Wait.of(pid);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ECHILD) {
        throw e;
      }
    }
  }
}
