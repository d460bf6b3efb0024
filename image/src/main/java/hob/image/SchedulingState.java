package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.ProcessImage;
import hob.image.proto.Scheduling;
import hob.image.proto.ThreadState;
import hob.linux.Nr;
import hob.linux.Sched;
import java.util.Arrays;

/** Nice value, policy, priority, CPU affinity and I/O priority of each thread. */
final class SchedulingState implements StateModule {
  private static final int RESET_ON_FORK = 1;

  @Override
  public String name() {
    return "scheduling";
  }

  @Override
  public void encapsulateThread(
      FrozenProcess p, FrozenThread t, Batch batch, ThreadState.Builder out) {
    out.setScheduling(of(t.tid()));
  }

  /** Of a thread, which may have ended. */
  static Scheduling of(int tid) {
    var a = Bytes.of(Sched.attributes(tid));
    byte[] affinity = Sched.affinity(tid);
    return Scheduling.newBuilder()
        .setPolicy(a.getInt(4))
        .setResetOnFork((a.getLong(8) & RESET_ON_FORK) != 0)
        .setNice(a.getInt(16))
        .setPriority(a.getInt(20))
        .setAffinity(ByteString.copyFrom(affinity))
        .setAffinityAll(Arrays.equals(affinity, Sched.affinity(1)))
        .setIoPriority(Sched.ioPriority(tid))
        .build();
  }

  @Override
  public void deencapsulateThread(Rebuild r, ProcessImage image, ThreadState thread, Batch batch) {
    restore(r, thread.getScheduling(), batch);
  }

  /** Adds the calls for the batch's thread. */
  static void restore(Rebuild r, Scheduling s, Batch batch) {
    batch.room(4, 256);
    if (s.getPolicy() != 0 || s.getNice() != 0 || s.getResetOnFork() || r.reused()) {
      var a = Bytes.of(48);
      a.putInt(48).putInt(s.getPolicy()).putLong(s.getResetOnFork() ? RESET_ON_FORK : 0);
      a.putInt(s.getNice()).putInt(s.getPriority());
      batch.add("sched_setattr", Nr.SCHED_SETATTR, 0, batch.data(a.array()), 0);
    }
    if (s.getIoPriority() != 0) {
      batch.attempt("ioprio_set", Nr.IOPRIO_SET, 1, 0, s.getIoPriority());
    }
    if (!s.getAffinityAll()) {
      // A mask without any CPU of this host is left aside: the process may run anywhere.
      byte[] mask = s.getAffinity().toByteArray();
      batch.attempt("sched_setaffinity", Nr.SCHED_SETAFFINITY, 0, mask.length, batch.data(mask));
    }
  }
}
