package hob.image;

import hob.image.proto.OpenFile;
import hob.image.proto.PidFdState;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.PidFd;
import hob.linux.Ptrace;
import hob.linux.Sys;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * {@code pidfd_open(2)}: a process of the tree, a zombie of it, or one that is dead and reaped. For
 * the last a process is made that ends as that one did.
 */
final class PidFdFile implements FileKind {
  private static final int PIDFD_THREAD = 0200;

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.PID_FD;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.target().equals("anon_inode:[pidfd]");
  }

  /** Of its process in this /proc; not above 0 when that is dead and reaped. */
  static int pid(String info) {
    return Integer.parseInt(FdInfo.lines(info, "Pid:").getFirst().substring(4).trim());
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return (d.flags() & PIDFD_THREAD) != 0 && pid(d.info()) > 0 ? "is a pidfd of a thread" : null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    String info = FdInfo.text(p, d);
    PidFdState.Builder state = PidFdState.newBuilder().setThread((d.flags() & PIDFD_THREAD) != 0);
    int pid = pid(info);
    if (pid <= 0) {
      state.setDead(d.stat().inode()).setExitStatus(exitStatus(p, d));
    } else if (tree.nsPid(pid) > 0) {
      state.setPid(tree.nsPid(pid));
    } else {
      throw new Collection.Refused(
          new Refusal(p.pid(), "pidfd", "descriptor " + d.number() + " " + stays(pid)));
    }
    out.setKind(kind()).setPidFd(state);
  }

  /** Why one cannot move: the rest of a sentence. */
  static String stays(int pid) {
    return "is a pidfd of process " + pid + ", which stays";
  }

  private static int exitStatus(FrozenProcess p, ProcessFacts.FdFacts d) {
    try (Fd pidfd = PidFd.open(p.pid());
        Fd dead = PidFd.get(pidfd, d.number())) {
      OptionalInt status = PidFd.exitStatus(dead);
      return status.orElse(0);
    }
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    PidFdState s = f.getPidFd();
    int flags = f.getFlags() & Fd.O_NONBLOCK;
    if (s.getPid() == 0) {
      Fd dead = tree.deadProcess(s.getDead(), s.getExitStatus());
      return Fd.open(dead.path(), flags | Fd.O_RDWR);
    }
    int host =
        tree.host(s.getPid())
            .orElseThrow(() -> new LinuxException("pidfd_open", Errno.ESRCH, s.getPid()));
    return Fd.of(Sys.check(Sys.call(Nr.PIDFD_OPEN, host, flags), "pidfd_open", host));
  }

  /**
   * A descriptor of a process that has ended with {@code status} and is reaped, and that was of the
   * vessel's pid namespace.
   *
   * @param vessel one that still has its code
   */
  static Fd ofDead(Vessel vessel, int status) {
    if (vessel.reused()) {
      // A shadow has the namespace of this daemon.
      return ofDead(status);
    }
    Vessel v = vessel.fork();
    Fd pidfd = PidFd.open(v.pid());
    v.end(status);
    vessel.reap(v);
    return pidfd;
  }

  /** As the other one, of the daemon's own pid namespace. */
  static Fd ofDead(int status) {
    Vessel v = Vessel.seed("hob-dead");
    Fd pidfd = PidFd.open(v.pid());
    Ptrace.setOptions(v.pid(), Ptrace.O_EXITKILL);
    v.end(status);
    return pidfd;
  }
}
