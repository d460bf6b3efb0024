package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.ProcessImage;
import hob.image.proto.ThreadState;
import hob.linux.Nr;
import hob.linux.Ptrace;
import hob.linux.Signals;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Signal actions and pending signals; masks and alternate stacks are with the threads. */
final class SignalState implements StateModule {
  /** {@code struct kernel_sigaction}: handler, flags, restorer, mask. */
  static final int ACTION = 32;

  private static final int SI_TIMER = -2;

  /** Places in a {@code siginfo_t}. */
  private static final int SI_CODE = 8;

  private static final int SI_TIMER_ID = 16;
  private static final int SI_OVERRUN = 20;

  @Override
  public String name() {
    return "signals";
  }

  @Override
  public void check(ProcessFacts p, List<Refusal> out) {
    if (!p.traced() && p.stat().state() != 'Z') {
      OwnTrap.check(p.pid(), out);
    }
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
    byte[][] pending = Ptrace.pendingSignals(p.leader().tid(), true);
    byte[][] own = Ptrace.pendingSignals(p.leader().tid(), false);
    int[] to = {p.leader().nsTid()};
    takeOverruns(batch, pending, own, Nr.RT_SIGQUEUEINFO, to, out.getSignalsBuilder()::addPending);
  }

  /**
   * A timer counts the times that it strikes while its signal is pending, and tells when the signal
   * is taken: so it is taken and sent again with that count, all within one batch.
   *
   * @param ahead what would be taken instead
   * @param to first arguments of the call {@code send}
   */
  private static void takeOverruns(
      Batch batch, byte[][] pending, byte[][] ahead, int send, int[] to, Consumer<ByteString> out) {
    Set<Integer> kept = new HashSet<>();
    for (byte[] info : ahead) {
      kept.add(number(info));
    }
    Set<Integer> timers = new HashSet<>();
    for (byte[] info : pending) {
      if (Bytes.of(info).getInt(SI_CODE) == SI_TIMER && !kept.contains(number(info))) {
        timers.add(number(info));
      }
    }
    for (byte[] info : pending) {
      if (!timers.contains(number(info))) {
        out.accept(ByteString.copyFrom(info));
      }
    }
    for (int signal : timers) {
      List<byte[]> all = Arrays.stream(pending).filter(i -> number(i) == signal).toList();
      batch.room(2 * all.size() + 1, 64 + Ptrace.SIGINFO * (long) all.size());
      long mask = batch.data(Bytes.longs(1L << (signal - 1), 0, 0));
      List<Long> places = new ArrayList<>();
      List<byte[]> taken = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        long at =
            batch.output(
                Ptrace.SIGINFO,
                b -> {
                  taken.add(b);
                  if (taken.size() == all.size()) {
                    onePerTimer(taken).forEach(info -> out.accept(ByteString.copyFrom(info)));
                  }
                });
        places.add(at);
        batch.add("rt_sigtimedwait", Nr.RT_SIGTIMEDWAIT, mask, at, mask + 8, 8);
      }
      for (long at : places) {
        long[] arguments = new long[to.length + 2];
        for (int i = 0; i < to.length; i++) {
          arguments[i] = to[i];
        }
        arguments[to.length] = signal;
        arguments[to.length + 1] = at;
        batch.add("rt_sigqueueinfo", send, arguments);
      }
    }
  }

  /**
   * A timer has one signal pending at a time. What was pending when the process came here has
   * become one that anybody could have sent, so the timer's own stands beside it: they are made
   * one.
   */
  static List<byte[]> onePerTimer(List<byte[]> infos) {
    Map<Integer, byte[]> first = new HashMap<>();
    List<byte[]> merged = new ArrayList<>();
    for (byte[] info : infos) {
      var b = Bytes.of(info);
      byte[] earlier =
          b.getInt(SI_CODE) == SI_TIMER ? first.putIfAbsent(b.getInt(SI_TIMER_ID), info) : null;
      if (earlier == null) {
        merged.add(info);
      } else {
        var e = Bytes.of(earlier);
        long total = e.getInt(SI_OVERRUN) + b.getInt(SI_OVERRUN) + 1L;
        e.putInt(SI_OVERRUN, (int) Math.min(Integer.MAX_VALUE, total));
      }
    }
    return merged;
  }

  private static int number(byte[] info) {
    return Bytes.of(info).getInt(0);
  }

  @Override
  public void encapsulateThread(
      FrozenProcess p, FrozenThread t, Batch batch, ThreadState.Builder out) {
    byte[][] pending = Ptrace.pendingSignals(t.tid(), false);
    int[] to = {p.nsPid(), t.nsTid()};
    takeOverruns(batch, pending, new byte[0][], Nr.RT_TGSIGQUEUEINFO, to, out::addPending);
  }

  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
    // The default of SIGCHLD drops what children that were made as zombies have sent.
    batch.room(1, ACTION);
    batch.add("rt_sigaction", Nr.RT_SIGACTION, Signals.SIGCHLD, batch.data(new byte[ACTION]), 0, 8);
    for (int s = 1; s <= image.getSignals().getActionsCount(); s++) {
      byte[] action = image.getSignals().getActions(s - 1).toByteArray();
      boolean trap = s == Signals.SIGTRAP;
      // A fresh process has a SIGTRAP action of Hob's, but defaults for all others.
      if (settable(s) && (trap ? !r.trapComesLast() : !Bytes.allZero(action) || r.reused())) {
        batch.room(1, ACTION);
        batch.add("rt_sigaction", Nr.RT_SIGACTION, s, batch.data(action), 0, 8);
      }
    }
    r.later(b -> queue(image, r.vessel().leaderNsTid(), b));
  }

  /**
   * For the process.
   *
   * @param self id of the thread that the batch runs in: only by that may it claim another sender
   */
  private static void queue(ProcessImage image, int self, Batch batch) {
    for (ByteString info : image.getSignals().getPendingList()) {
      batch.room(1, Ptrace.SIGINFO);
      byte[] b = info.toByteArray();
      batch.attempt(
          "rt_sigqueueinfo", Nr.RT_SIGQUEUEINFO, self, Bytes.of(b).getInt(0), batch.data(b));
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
