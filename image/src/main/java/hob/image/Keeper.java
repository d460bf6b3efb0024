package hob.image;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.PidFd;
import hob.linux.ProcessMemory;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Wait;
import java.util.HexFormat;

/**
 * A process of one page that keeps the listener of a session's filter. While its daemon lives it
 * sleeps in a read from a pipe; when that ends, it lets every call that is reported go on, so that
 * the session's programs run on at home as if there were no Hob. The next daemon takes the listener
 * from it. It ends when no process has the filter any more.
 *
 * <p>Any one thread.
 */
public final class Keeper {
  /** Descriptor of the listener in the keeper. */
  private static final int LISTENER = 0;

  private static final int PIPE = 1;

  /**
   * <pre>
   * 00 wait:  while (read(r12, rbx, 1) != 0);
   * 13 again: poll({fd r13, POLLIN} at rbx+128, 1, -1); if (revents &amp; POLLHUP) goto 8c
   *           memset(rbx, 0, 128); if (ioctl(r13, SECCOMP_IOCTL_NOTIF_RECV, rbx) != 0) goto again
   *           ioctl(r13, SECCOMP_IOCTL_NOTIF_SEND, {id, 0, 0, CONTINUE} at rbx+96); goto again
   * 8c:       exit_group(0)
   * </pre>
   */
  private static final byte[] CODE =
      HexFormat.of()
          .parseHex(
              "31c04489e74889deba010000000f0585c075ed4489ab8000000048c7838400000001000000488dbb8000"
                  + "0000be01000000baffffffffb8070000000f05f683860000001075464889df31c0b910000000f348ab"
                  + "4489efbe002150c04889dab8100000000f0585c075aa488b0348894360c74374010000004489efbe01"
                  + "2118c0488d5360b8100000000f05eb8731ffb8e70000000f05f4");

  private static final int PROT_READ_WRITE_EXEC = 7;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
  private static final int SCRATCH = 2048;
  private static final int PAGE = 4096;
  private static final int O_CLOEXEC = Fd.O_CLOEXEC;

  private final int pid;
  private final Fd alive;

  private Keeper(int pid, Fd alive) {
    this.pid = pid;
    this.alive = alive;
  }

  /** Starts one for a listener of this daemon's. */
  public static Keeper start(Fd listener) {
    Fd[] pipe = Fd.pipe(O_CLOEXEC);
    try (Fd end = pipe[0]) {
      Tracee t = Stub.start("hob-keeper", Ptrace.O_EXITKILL);
      long single = Stub.CODE + MachineCode.SINGLE;
      int self = (int) ProcessHandle.current().pid();
      long daemon = t.must(single, "pidfd_open", Nr.PIDFD_OPEN, self, 0);
      move(t, single, daemon, end.number(), PIPE);
      move(t, single, daemon, listener.number(), LISTENER);
      if (daemon > PIPE) {
        t.must(single, "close", Nr.CLOSE, daemon);
      }
      long at =
          t.must(
              single, "mmap", Nr.MMAP, 0, PAGE, PROT_READ_WRITE_EXEC, MAP_PRIVATE_ANONYMOUS, -1, 0);
      ProcessMemory.write(t.tid(), at, CODE);
      long[] r = t.base();
      r[MachineCode.RIP] = at;
      r[MachineCode.ORIG_RAX] = -1;
      r[MachineCode.RBX] = at + SCRATCH;
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

  /** The listener that an earlier daemon's keeper has; that keeper ends. */
  public static Fd takeOver(int pid) {
    try (Fd keeper = PidFd.open(pid)) {
      Fd listener = PidFd.get(keeper, LISTENER);
      PidFd.signal(keeper, Signals.SIGKILL);
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
