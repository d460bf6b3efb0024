package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.ProcessImage;
import hob.image.proto.SeccompFilter;
import hob.image.proto.ThreadSeccomp;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.Ptrace;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code seccomp(2)}: the strict mode, and the filters that each thread has. While a thread is
 * traced they are suspended, so that what Hob does in it passes. Filters that all threads have are
 * installed for all at once, so that they are the same filter afterwards and a later
 * SECCOMP_FILTER_FLAG_TSYNC finds them related. Before credentials, which may take the right away.
 */
final class SeccompState implements StateModule {
  private static final int PR_SET_SECCOMP = 22;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int STRICT = 1;
  private static final int SET_MODE_FILTER = 1;
  private static final int FLAG_TSYNC = 1;
  private static final int INSTRUCTION = 8;
  private static final int BPF_RET_K = 0x06;
  private static final int ACTION_MASK = 0xffff0000;
  private static final int RET_USER_NOTIF = 0x7fc00000;

  @Override
  public String name() {
    return "seccomp";
  }

  private static int mode(Map<String, String> status) {
    return Integer.parseInt(status.getOrDefault("Seccomp", "0"));
  }

  @Override
  public void check(ProcessFacts p, List<Refusal> out) {
    if (!Tracee.SUSPENDS_SECCOMP && mode(p.status()) != 0) {
      out.add(
          new Refusal(
              p.pid(),
              "seccomp",
              "has a seccomp filter of its own, which the daemon may not lift for the move"
                  + " (it runs under one itself, or without CAP_SYS_ADMIN)"));
    }
  }

  @Override
  public boolean suspect(ProcessFacts p) {
    return Tracee.SUSPENDS_SECCOMP && mode(p.status()) > STRICT;
  }

  @Override
  public void examine(FrozenProcess p, FrozenThread t, Batch batch, List<Refusal> out) {
    for (int i = 0; mode(t.status()) > STRICT; i++) {
      byte[] program = Ptrace.seccompFilter(t.tid(), i);
      if (program == null) {
        return;
      }
      Refusal r = asksAnother(p);
      if (!ExecFilter.is(program) && asks(program) && !out.contains(r)) {
        out.add(r);
      }
    }
  }

  private static Refusal asksAnother(FrozenProcess p) {
    return new Refusal(
        p.pid(),
        "seccomp-listener",
        "has a seccomp filter that asks another program (SECCOMP_RET_USER_NOTIF)");
  }

  private static boolean asks(byte[] program) {
    var b = Bytes.of(program);
    for (int i = 0; i < program.length; i += INSTRUCTION) {
      if (b.getShort(i) == BPF_RET_K && (b.getInt(i + 4) & ACTION_MASK) == RET_USER_NOTIF) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    if (p.threads().stream().allMatch(t -> mode(t.status()) == 0)) {
      return;
    }
    Map<SeccompFilter, Integer> known = new HashMap<>();
    List<ThreadSeccomp> threads = new ArrayList<>();
    for (FrozenThread t : p.threads()) {
      ThreadSeccomp.Builder thread = ThreadSeccomp.newBuilder().setMode(mode(t.status()));
      if (thread.getMode() > STRICT) {
        for (int i = 0; ; i++) {
          byte[] program = Ptrace.seccompFilter(t.tid(), i);
          if (program == null) {
            break;
          }
          if (ExecFilter.is(program)) {
            continue;
          }
          SeccompFilter f = filter(p, t, i, program);
          thread.addFilters(
              known.computeIfAbsent(
                  f,
                  k -> {
                    out.addSeccompFilters(k);
                    return out.getSeccompFiltersCount() - 1;
                  }));
        }
      }
      if (thread.getMode() > STRICT && thread.getFiltersCount() == 0) {
        thread.setMode(0);
      }
      threads.add(thread.build());
    }
    if (threads.stream().anyMatch(t -> t.getMode() != 0)) {
      out.addAllSeccomp(threads);
    }
  }

  private static SeccompFilter filter(FrozenProcess p, FrozenThread t, int index, byte[] program) {
    if (asks(program)) {
      throw new Collection.Refused(asksAnother(p));
    }
    return SeccompFilter.newBuilder()
        .setProgram(ByteString.copyFrom(program))
        .setFlags((int) Ptrace.seccompFlags(t.tid(), index))
        .build();
  }

  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
    if (image.getSeccompCount() == 0 || r.hasFilters()) {
      return;
    }
    List<Integer> all = common(image);
    if (!all.isEmpty() && image.getThreadsCount() > 1) {
      r.last(b -> all.forEach(f -> install(image.getSeccompFilters(f), FLAG_TSYNC, b)));
    }
  }

  /** The filters that all threads have, from the oldest on. */
  private static List<Integer> common(ProcessImage image) {
    List<Integer> common = image.getSeccomp(0).getFiltersList();
    for (ThreadSeccomp t : image.getSeccompList()) {
      int n = 0;
      while (n < Math.min(common.size(), t.getFiltersCount())
          && common.get(n).equals(t.getFilters(n))) {
        n++;
      }
      common = common.subList(0, n);
    }
    return new ArrayList<>(common);
  }

  /** What it has of them already: by the common ones, or as a shadow that never lost them. */
  @Override
  public void deencapsulateThread(
      Rebuild r, ProcessImage image, hob.image.proto.ThreadState thread, Batch batch) {
    if (image.getSeccompCount() == 0) {
      return;
    }
    ThreadSeccomp wanted = image.getSeccomp(image.getThreadsList().indexOf(thread));
    r.lastOf(
        thread,
        (tid, b) -> {
          Map<String, String> now = ProcFs.status("/proc/" + tid + "/status");
          int has =
              Integer.parseInt(now.getOrDefault("Seccomp_filters", "0"))
                  - (adopted(now, tid) ? 1 : 0);
          List<Integer> missing =
              wanted
                  .getFiltersList()
                  .subList(Math.min(has, wanted.getFiltersCount()), wanted.getFiltersCount());
          boolean strict = wanted.getMode() == STRICT && mode(now) == 0;
          if (thread.getNoNewPrivileges() && !missing.isEmpty()) {
            b.add("prctl(PR_SET_NO_NEW_PRIVS)", Nr.PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          }
          missing.forEach(f -> install(image.getSeccompFilters(f), 0, b));
          if (strict) {
            b.add("prctl(PR_SET_SECCOMP)", Nr.PRCTL, PR_SET_SECCOMP, STRICT, 0, 0, 0);
          }
        });
  }

  /** Whether a thread has the filter of Hob itself. */
  private static boolean adopted(Map<String, String> status, int tid) {
    for (int i = 0; mode(status) > STRICT; i++) {
      byte[] program = Ptrace.seccompFilter(tid, i);
      if (program == null) {
        return false;
      }
      if (ExecFilter.is(program)) {
        return true;
      }
    }
    return false;
  }

  private static void install(SeccompFilter f, int flags, Batch b) {
    byte[] program = f.getProgram().toByteArray();
    b.room(1, program.length + 64L);
    long at = b.data(program);
    b.add(
        "seccomp",
        Nr.SECCOMP,
        SET_MODE_FILTER,
        f.getFlags() | flags,
        b.data(Bytes.longs(program.length / INSTRUCTION, at)));
  }
}
