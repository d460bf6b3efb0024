package hob.image;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.PidFd;
import hob.linux.ProcFs;
import hob.linux.Signals;
import hob.linux.Wait;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A process of one page that does nothing but keep descriptors open, so that the next daemon can
 * take up what this one has begun. It ends when it is told to, or with the host.
 *
 * @param pid of the process
 * @param start its start time, by which it is told from later ones with this pid
 */
public record DescriptorKeeper(int pid, long start) {
  private static final int POLLIN = 1;

  /**
   * Starts one.
   *
   * @param kept what it has as its descriptors 0, 1 and so on; the caller's own stay open; at least
   *     one
   */
  public static DescriptorKeeper start(List<Fd> kept) {
    Vessel vessel = Vessel.seed("hob-keeper");
    int self = (int) ProcessHandle.current().pid();
    long daemon = vessel.must("pidfd_open", Nr.PIDFD_OPEN, self, 0);
    // Beyond those that are wanted, as it begins without any.
    long out = vessel.must("dup2", Nr.DUP2, daemon, kept.size());
    vessel.must("close", Nr.CLOSE, daemon);
    for (Fd fd : kept) {
      vessel.must("pidfd_getfd", Nr.PIDFD_GETFD, out, fd.number(), 0);
    }
    vessel.must("close", Nr.CLOSE, out);
    vessel.release();
    return new DescriptorKeeper(vessel.pid(), startOf(vessel.pid()));
  }

  private static long startOf(int pid) {
    return ProcFs.stat("/proc/" + pid + "/stat").startTime();
  }

  /**
   * Duplicates here of what it keeps, in order.
   *
   * @param count how many it was given
   * @return empty when it has ended
   */
  public Optional<List<Fd>> descriptors(int count) {
    List<Fd> taken = new ArrayList<>();
    try (Fd keeper = PidFd.open(pid)) {
      if (startOf(pid) != start) {
        return Optional.empty();
      }
      for (int i = 0; i < count; i++) {
        taken.add(PidFd.get(keeper, i));
      }
      return Optional.of(taken);
    } catch (LinuxException _) {
      Fd.closeAll(taken);
      return Optional.empty();
    }
  }

  /** Ends it, if it is still there; returns when it has closed what it kept. */
  public void end() {
    try (Fd keeper = PidFd.open(pid)) {
      if (startOf(pid) == start) {
        PidFd.signal(keeper, Signals.SIGKILL);
        keeper.poll(POLLIN, -1);
        reap();
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.ESRCH && e.errno() != Errno.ENOENT) {
        throw e;
      }
    }
  }

  /** Nobody else does when it is this daemon's child. */
  private void reap() {
    try {
      Wait.of(pid);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ECHILD) {
        throw e;
      }
    }
  }
}
