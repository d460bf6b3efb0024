package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.ProcessImage;
import hob.image.proto.ThreadState;
import hob.linux.Nr;
import hob.linux.Ptrace;
import hob.linux.Signals;

/** Signal actions and pending signals; masks and alternate stacks are with the threads. */
final class SignalState implements StateModule {
  /** {@code struct kernel_sigaction}: handler, flags, restorer, mask. */
  static final int ACTION = 32;

  @Override
  public String name() {
    return "signals";
  }

  private static boolean settable(int signal) {
    return signal != Signals.SIGKILL && signal != Signals.SIGSTOP;
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    batch.room(Signals.MAX, ACTION * (long) Signals.MAX);
    long at =
        batch.output(
            ACTION * Signals.MAX,
            b -> {
              byte[] trap = p.trapAction();
              System.arraycopy(trap, 0, b, (Signals.SIGTRAP - 1) * ACTION, trap.length);
              for (int s = 0; s < Signals.MAX; s++) {
                out.getSignalsBuilder().addActions(ByteString.copyFrom(b, s * ACTION, ACTION));
              }
            });
    for (int s = 1; s <= Signals.MAX; s++) {
      if (settable(s)) {
        batch.add("rt_sigaction", Nr.RT_SIGACTION, s, 0, at + (long) (s - 1) * ACTION, 8);
      }
    }
    for (byte[] info : Ptrace.pendingSignals(p.leader().tid(), true)) {
      out.getSignalsBuilder().addPending(ByteString.copyFrom(info));
    }
  }

  @Override
  public void encapsulateThread(
      FrozenProcess p, FrozenThread t, Batch batch, ThreadState.Builder out) {
    for (byte[] info : Ptrace.pendingSignals(t.tid(), false)) {
      out.addPending(ByteString.copyFrom(info));
    }
  }

  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
    // The default of SIGCHLD drops what children that were made as zombies have sent.
    batch.room(1, ACTION);
    batch.add("rt_sigaction", Nr.RT_SIGACTION, Signals.SIGCHLD, batch.data(new byte[ACTION]), 0, 8);
    for (int s = 1; s <= image.getSignals().getActionsCount(); s++) {
      byte[] action = image.getSignals().getActions(s - 1).toByteArray();
      // SIGTRAP's comes last of all: int3 with SIGTRAP ignored would reset it.
      if (settable(s) && s != Signals.SIGTRAP && (!Bytes.allZero(action) || r.reused())) {
        batch.room(1, ACTION);
        batch.add("rt_sigaction", Nr.RT_SIGACTION, s, batch.data(action), 0, 8);
      }
    }
    r.later(b -> queue(image, b));
  }

  private static void queue(ProcessImage image, Batch batch) {
    for (ByteString info : image.getSignals().getPendingList()) {
      batch.room(1, Ptrace.SIGINFO);
      byte[] b = info.toByteArray();
      batch.attempt(
          "rt_sigqueueinfo",
          Nr.RT_SIGQUEUEINFO,
          image.getPid(),
          Bytes.of(b).getInt(0),
          batch.data(b));
    }
  }

  @Override
  public void deencapsulateThread(Rebuild r, ProcessImage image, ThreadState thread, Batch batch) {
    for (ByteString info : thread.getPendingList()) {
      batch.room(1, Ptrace.SIGINFO);
      byte[] b = info.toByteArray();
      batch.attempt(
          "rt_tgsigqueueinfo",
          Nr.RT_TGSIGQUEUEINFO,
          image.getPid(),
          thread.getTid(),
          Bytes.of(b).getInt(0),
          batch.data(b));
    }
  }
}
