package hob.image;

import hob.image.proto.ProcessImage;
import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcFs;

/**
 * What prctl(2) and personality(2) set for a process, and its badness for the out-of-memory killer.
 */
final class FlagState implements StateModule {
  private static final int PR_GET_DUMPABLE = 3;
  private static final int PR_SET_DUMPABLE = 4;
  private static final int PR_SET_CHILD_SUBREAPER = 36;
  private static final int PR_GET_CHILD_SUBREAPER = 37;
  private static final int PR_SET_THP_DISABLE = 41;
  private static final int PR_GET_THP_DISABLE = 42;
  private static final int PR_MCE_KILL = 33;
  private static final int PR_MCE_KILL_GET = 34;
  private static final int PR_MCE_KILL_CLEAR = 0;
  private static final int PR_MCE_KILL_SET = 1;
  private static final int PR_MCE_KILL_DEFAULT = 2;
  private static final int PR_SET_MDWE = 65;
  private static final int PR_GET_MDWE = 66;
  private static final int PR_SET_MEMORY_MERGE = 67;
  private static final int PR_GET_MEMORY_MERGE = 68;
  private static final long QUERY = 0xffffffffL;

  @Override
  public String name() {
    return "flags";
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    batch.room(9, 64);
    batch.ask(
        "prctl(PR_GET_DUMPABLE)",
        v -> out.getFlagsBuilder().setDumpable((int) v),
        Nr.PRCTL,
        PR_GET_DUMPABLE);
    batch.add(
        "prctl(PR_GET_CHILD_SUBREAPER)",
        Nr.PRCTL,
        PR_GET_CHILD_SUBREAPER,
        batch.output(8, b -> out.getFlagsBuilder().setChildSubreaper(Bytes.of(b).getInt() != 0)));
    batch.ask(
        "prctl(PR_GET_THP_DISABLE)",
        v -> out.getFlagsBuilder().setThpDisable(v == 1),
        Nr.PRCTL,
        PR_GET_THP_DISABLE);
    batch.ask(
        "personality", v -> out.getFlagsBuilder().setPersonality((int) v), Nr.PERSONALITY, QUERY);
    batch.ask(
        "prctl(PR_GET_MDWE)",
        v -> out.getFlagsBuilder().setMdwe((int) Math.max(0, v)),
        Nr.PRCTL,
        PR_GET_MDWE);
    batch.ask(
        "prctl(PR_GET_MEMORY_MERGE)",
        v -> out.getFlagsBuilder().setMemoryMerge(v == 1),
        Nr.PRCTL,
        PR_GET_MEMORY_MERGE);
    batch.ask(
        "prctl(PR_MCE_KILL_GET)",
        v -> out.getFlagsBuilder().setMachineCheck((int) (1 + Math.max(-1, v))),
        Nr.PRCTL,
        PR_MCE_KILL_GET);
    out.getFlagsBuilder()
        .setOomScoreAdj(oomScore(p.pid()))
        .setCoredumpFilter(1 + coredumpFilter(p.pid()));
  }

  private static int coredumpFilter(int pid) {
    return Integer.parseUnsignedInt(ProcFs.text("/proc/" + pid + "/coredump_filter").trim(), 16);
  }

  private static int oomScore(int pid) {
    return Integer.parseInt(ProcFs.text("/proc/" + pid + "/oom_score_adj").trim());
  }

  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
    var f = image.getFlags();
    if (f.getChildSubreaper() || r.reused()) {
      batch.add(
          "prctl(PR_SET_CHILD_SUBREAPER)",
          Nr.PRCTL,
          PR_SET_CHILD_SUBREAPER,
          f.getChildSubreaper() ? 1 : 0);
    }
    if (f.getThpDisable() || r.reused()) {
      int disable = f.getThpDisable() ? 1 : 0;
      batch.add("prctl(PR_SET_THP_DISABLE)", Nr.PRCTL, PR_SET_THP_DISABLE, disable, 0, 0, 0);
    }
    if (f.getMemoryMerge()) {
      batch.attempt("prctl(PR_SET_MEMORY_MERGE)", Nr.PRCTL, PR_SET_MEMORY_MERGE, 1, 0, 0, 0);
    }
    int policy = f.getMachineCheck() - 1;
    if (policy >= 0 && (policy != PR_MCE_KILL_DEFAULT || r.reused())) {
      int how = policy == PR_MCE_KILL_DEFAULT ? PR_MCE_KILL_CLEAR : PR_MCE_KILL_SET;
      int which = how == PR_MCE_KILL_SET ? policy : 0;
      batch.attempt("prctl(PR_MCE_KILL)", Nr.PRCTL, PR_MCE_KILL, how, which, 0, 0);
    }
    int filter = f.getCoredumpFilter() - 1;
    if (filter >= 0 && filter != coredumpFilter(r.pid())) {
      ProcFs.write("/proc/" + r.pid() + "/coredump_filter", String.valueOf(filter));
    }
    if (f.getPersonality() != 0 || r.reused()) {
      batch.add("personality", Nr.PERSONALITY, f.getPersonality());
    }
    if (oomScore(r.pid()) != f.getOomScoreAdj()) {
      try {
        ProcFs.write("/proc/" + r.pid() + "/oom_score_adj", String.valueOf(f.getOomScoreAdj()));
      } catch (LinuxException e) {
        // Lowering it needs CAP_SYS_RESOURCE; without that the process is merely a likelier victim.
        if (e.errno() != Errno.EACCES && e.errno() != Errno.EPERM) {
          throw e;
        }
      }
    }
    if (f.getMdwe() != 0) {
      r.finish(b -> b.add("prctl(PR_SET_MDWE)", Nr.PRCTL, PR_SET_MDWE, f.getMdwe(), 0, 0, 0));
    }
    // 2 (readable by root only) is the kernel's to set, and what a change of credentials gives by
    // itself.
    if (f.getDumpable() < 2) {
      r.finish(b -> b.add("prctl(PR_SET_DUMPABLE)", Nr.PRCTL, PR_SET_DUMPABLE, f.getDumpable()));
    }
  }
}
