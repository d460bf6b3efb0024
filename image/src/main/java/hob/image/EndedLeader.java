package hob.image;

import hob.image.proto.Credentials;
import hob.image.proto.ProcessImage;
import hob.image.proto.ThreadState;
import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import hob.linux.Wait;
import hob.linux.WaitStatus;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * The first thread of a process that goes on in its others. It stays in the kernel's lists until
 * they have ended too: the process has its pid, and whoever may signal the process, its user. So a
 * new one ends as it did. Tracer's thread.
 */
final class EndedLeader {
  private static final int PR_SET_NAME = 15;
  private static final int STAT_EXIT_CODE = 52;
  private static final long PATIENCE_NANOS = 2_000_000_000L;

  private EndedLeader() {}

  /**
   * Notes what is left of it.
   *
   * @param stat its own
   */
  static void encapsulate(ProcessFacts facts, ProcFs.Stat stat, ProcessImage.Builder out) {
    int tid = facts.process();
    Map<String, String> status = ProcFs.status("/proc/" + tid + "/task/" + tid + "/status");
    out.setExitStatus((int) stat.field(STAT_EXIT_CODE))
        .setEndedLeader(
            ThreadState.newBuilder()
                .setTid(facts.nsPid())
                .setComm(ThreadBasics.name(stat.comm()))
                .setMask(Long.parseUnsignedLong(status.getOrDefault("SigBlk", "0").strip(), 16))
                .setCredentials(CredentialState.read(status))
                .setScheduling(SchedulingState.of(tid)));
  }

  /**
   * Ends a first thread that stands in a ptrace stop, all its signals blocked, when others are
   * there. It is not traced afterwards, so that the process's end is told to its parent alone.
   *
   * @param hole mapped in its process
   */
  static void end(Rebuild rebuild, Tracee leader, Hole hole) {
    int tid = leader.tid();
    ThreadState wanted = rebuild.image().getEndedLeader();
    Batch b = new Batch(leader, tid, hole);
    b.room(1, 64);
    b.add("prctl(PR_SET_NAME)", Nr.PRCTL, PR_SET_NAME, b.string(wanted.getComm().toByteArray()));
    SchedulingState.restore(rebuild, wanted.getScheduling(), b);
    Credentials now = CredentialState.read(ProcFs.status("/proc/" + tid + "/status")).build();
    if (!now.equals(wanted.getCredentials())) {
      CredentialState.become(now, wanted.getCredentials(), b);
    }
    b.run();
    leader.exits(hole.single(), rebuild.image().getExitStatus() >> 8 & 0xff);
    Ptrace.setOptions(tid, Ptrace.O_TRACEEXIT);
    Ptrace.cont(tid, 0);
    for (WaitStatus s = Wait.of(tid); s.event() != WaitStatus.EVENT_EXIT; s = Wait.of(tid)) {
      if (s.gone()) {
        throw new LinuxException("exit", Errno.ESRCH, s);
      }
      Ptrace.cont(tid, 0);
    }
    Ptrace.signalMask(tid, wanted.getMask());
    Ptrace.detach(tid, 0);
    awaitZombie(tid);
  }

  private static void awaitZombie(int tid) {
    long start = System.nanoTime();
    while (ProcFs.stat("/proc/" + tid + "/stat").state() != 'Z') {
      if (System.nanoTime() - start > PATIENCE_NANOS) {
        throw new LinuxException("exit", Errno.ETIMEDOUT, "first thread " + tid);
      }
      LockSupport.parkNanos(20_000);
    }
  }
}
