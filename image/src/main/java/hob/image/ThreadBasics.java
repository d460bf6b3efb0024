package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.ProcessImage;
import hob.image.proto.Rseq;
import hob.image.proto.ThreadState;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.Ptrace;

/**
 * Registers, extended state, restartable sequences, robust list, name, alternate stack: what each
 * thread has of its own.
 */
final class ThreadBasics implements StateModule {
  private static final int PR_GET_PDEATHSIG = 2;
  private static final int PR_SET_PDEATHSIG = 1;
  private static final int PR_SET_NAME = 15;
  private static final int PR_SET_TIMERSLACK = 29;
  private static final int PR_GET_TIMERSLACK = 30;
  private static final int PR_GET_TSC = 25;
  private static final int PR_SET_TSC = 26;
  private static final int PR_TSC_ENABLE = 1;
  private static final int PR_TSC_SIGSEGV = 2;
  private static final int PR_GET_TID_ADDRESS = 40;
  private static final long DEFAULT_SLACK = 50_000;
  private static final int USER_CS_32 = 0x23;
  private static final int CS = 17;

  @Override
  public String name() {
    return "threads";
  }

  @Override
  public void encapsulateThread(
      FrozenProcess p, FrozenThread t, Batch batch, ThreadState.Builder out) {
    long[] regs = t.registers();
    if (regs[CS] == USER_CS_32) {
      throw new Collection.Refused(new Refusal(p.pid(), "32-bit", "runs 32-bit code"));
    }
    out.setTid(t.nsTid()).setMask(t.mask()).setXstate(ByteString.copyFrom(Ptrace.xstate(t.tid())));
    String comm = ProcFs.text("/proc/" + p.pid() + "/task/" + t.tid() + "/comm");
    out.setComm(name(comm.substring(0, Math.max(0, comm.length() - 1))));
    robustList(t, out);
    long[] rseq = t.rseq();
    if (rseq != null) {
      out.setRseq(
          Rseq.newBuilder()
              .setPointer(rseq[0])
              .setLength((int) rseq[1])
              .setSignature((int) rseq[2]));
    }
    for (long r : regs) {
      out.addRegisters(r);
    }
    batch.room(7, 256);
    batch.add(
        "sigaltstack",
        Nr.SIGALTSTACK,
        0,
        batch.output(24, b -> out.setAltStack(ByteString.copyFrom(b))));
    batch.attempt(
        "prctl(PR_GET_TID_ADDRESS)",
        Nr.PRCTL,
        PR_GET_TID_ADDRESS,
        batch.output(8, b -> out.setClearTid(Bytes.of(b).getLong())));
    batch.add(
        "prctl(PR_GET_PDEATHSIG)",
        Nr.PRCTL,
        PR_GET_PDEATHSIG,
        batch.output(8, b -> out.setPdeathSignal(Bytes.of(b).getInt())));
    batch.add(
        "prctl(PR_GET_TSC)",
        Nr.PRCTL,
        PR_GET_TSC,
        batch.output(8, b -> out.setTimeStampTrap(Bytes.of(b).getInt() == PR_TSC_SIGSEGV)));
    batch.ask("prctl(PR_GET_TIMERSLACK)", out::setTimerSlackNanos, Nr.PRCTL, PR_GET_TIMERSLACK);
  }

  /** What prctl(PR_SET_NAME) takes: any bytes. */
  static ByteString name(String fromProc) {
    return ByteString.copyFrom(fromProc, java.nio.charset.StandardCharsets.ISO_8859_1);
  }

  private static void robustList(FrozenThread t, ThreadState.Builder out) {
    long[] head = hob.linux.Futex.robustList(t.tid());
    out.setRobustList(head[0]).setRobustLength(head[1]);
  }

  @Override
  public void deencapsulateThread(Rebuild r, ProcessImage image, ThreadState t, Batch batch) {
    batch.room(9, 128);
    batch.add("prctl(PR_SET_NAME)", Nr.PRCTL, PR_SET_NAME, batch.string(t.getComm().toByteArray()));
    batch.add("set_tid_address", Nr.SET_TID_ADDRESS, t.getClearTid());
    if (t.getRobustList() != 0 || r.reused()) {
      batch.add("set_robust_list", Nr.SET_ROBUST_LIST, t.getRobustList(), 24);
    }
    batch.add("sigaltstack", Nr.SIGALTSTACK, batch.data(altStack(t)), 0);
    if (t.hasRseq()) {
      batch.add(
          "rseq",
          Nr.RSEQ,
          t.getRseq().getPointer(),
          t.getRseq().getLength(),
          0,
          t.getRseq().getSignature());
    }
    if (t.getTimeStampTrap() || r.reused()) {
      int how = t.getTimeStampTrap() ? PR_TSC_SIGSEGV : PR_TSC_ENABLE;
      batch.add("prctl(PR_SET_TSC)", Nr.PRCTL, PR_SET_TSC, how);
    }
    if (t.getTimerSlackNanos() != DEFAULT_SLACK) {
      batch.attempt(
          "prctl(PR_SET_TIMERSLACK)", Nr.PRCTL, PR_SET_TIMERSLACK, t.getTimerSlackNanos());
    }
  }

  /** After credentials, since changing those clears it. */
  static void parentDeathSignal(ThreadState t, Batch batch) {
    if (t.getPdeathSignal() != 0) {
      batch.add("prctl(PR_SET_PDEATHSIG)", Nr.PRCTL, PR_SET_PDEATHSIG, t.getPdeathSignal());
    }
  }

  private static byte[] altStack(ThreadState t) {
    byte[] b = t.getAltStack().toByteArray();
    // SS_ONSTACK is what the kernel says, not what it takes.
    Bytes.of(b).putInt(8, Bytes.of(b).getInt(8) & ~1);
    return b;
  }
}
