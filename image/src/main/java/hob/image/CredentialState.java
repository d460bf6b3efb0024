package hob.image;

import hob.image.proto.Credentials;
import hob.image.proto.ProcessImage;
import hob.image.proto.ThreadState;
import hob.linux.Nr;
import hob.linux.ProcFs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Users, groups, capabilities, securebits, no_new_privs: of each thread, as the kernel keeps them.
 * Last, since they take away.
 */
final class CredentialState implements StateModule {
  private static final int PR_GET_SECUREBITS = 27;
  private static final int PR_SET_SECUREBITS = 28;
  private static final int PR_SET_KEEPCAPS = 8;
  private static final int PR_CAPBSET_DROP = 24;
  private static final int PR_CAP_AMBIENT = 47;
  private static final int PR_CAP_AMBIENT_RAISE = 2;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int SECBIT_NO_SETUID_FIXUP = 4;
  private static final int SECBIT_KEEP_CAPS = 16;
  private static final int CAPABILITY_VERSION_3 = 0x20080522;
  private static final List<String> CAPABILITIES =
      List.of("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb");

  @Override
  public String name() {
    return "credentials";
  }

  /** From the status file of a thread. */
  static Credentials.Builder read(Map<String, String> s) {
    Credentials.Builder c = Credentials.newBuilder();
    numbers(s, "Uid").forEach(c::addUids);
    numbers(s, "Gid").forEach(c::addGids);
    numbers(s, "Groups").forEach(c::addGroups);
    for (String set : CAPABILITIES) {
      c.addCapabilities(Long.parseUnsignedLong(s.getOrDefault(set, "0"), 16));
    }
    return c;
  }

  private static List<Integer> numbers(Map<String, String> s, String key) {
    List<Integer> all = new ArrayList<>();
    for (String n : s.getOrDefault(key, "").trim().split("\\s+")) {
      if (!n.isEmpty()) {
        all.add(Integer.parseUnsignedInt(n));
      }
    }
    return all;
  }

  @Override
  public void encapsulateThread(
      FrozenProcess p, FrozenThread t, Batch batch, ThreadState.Builder out) {
    out.setCredentials(read(t.status()));
    out.setNoNewPrivileges("1".equals(t.status().get("NoNewPrivs")));
    batch.ask(
        "prctl(PR_GET_SECUREBITS)",
        v -> out.getCredentialsBuilder().setSecurebits((int) v),
        Nr.PRCTL,
        PR_GET_SECUREBITS);
  }

  @Override
  public void deencapsulateThread(Rebuild r, ProcessImage image, ThreadState thread, Batch batch) {
    Credentials wanted = thread.getCredentials();
    r.lastOf(
        thread,
        (tid, b) -> {
          String path = "/proc/" + tid + "/status";
          Map<String, String> status = ProcFs.status(path);
          int bits = !r.reused() ? 0 : tid == r.pid() ? r.securebits() : securebits(b);
          Credentials now = read(status).setSecurebits(bits).build();
          if (!now.equals(wanted)) {
            become(now, wanted, b);
          }
          if (thread.getNoNewPrivileges() && !"1".equals(status.get("NoNewPrivs"))) {
            b.add("prctl(PR_SET_NO_NEW_PRIVS)", Nr.PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          }
          ThreadBasics.parentDeathSignal(thread, b);
        });
  }

  private static int securebits(Batch b) {
    int[] bits = {0};
    askSecurebits(b, v -> bits[0] = v);
    b.run();
    return bits[0];
  }

  /** Asks for those of the thread that runs the batch. */
  static void askSecurebits(Batch b, IntConsumer bits) {
    b.ask("prctl(PR_GET_SECUREBITS)", v -> bits.accept((int) v), Nr.PRCTL, PR_GET_SECUREBITS);
  }

  static void become(Credentials now, Credentials wanted, Batch b) {
    b.room(80, 4096 + 4L * wanted.getGroupsCount());
    long bounding = now.getCapabilities(3) & ~wanted.getCapabilities(3);
    for (int cap = 0; cap < 64; cap++) {
      if ((bounding >> cap & 1) != 0) {
        b.add("prctl(PR_CAPBSET_DROP)", Nr.PRCTL, PR_CAPBSET_DROP, cap, 0, 0, 0);
      }
    }
    boolean privileged = (now.getCapabilities(2) >> 8 & 1) != 0;
    if (!now.getGroupsList().equals(wanted.getGroupsList())) {
      int[] groups = wanted.getGroupsList().stream().mapToInt(Integer::intValue).toArray();
      b.add("setgroups", Nr.SETGROUPS, groups.length, b.data(Bytes.ints(groups)));
    }
    if (privileged) {
      // Bits that are locked already stay as they are.
      b.attempt(
          "prctl(PR_SET_SECUREBITS)",
          Nr.PRCTL,
          PR_SET_SECUREBITS,
          now.getSecurebits() | SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS);
    }
    b.add("setresgid", Nr.SETRESGID, wanted.getGids(0), wanted.getGids(1), wanted.getGids(2));
    b.add("setfsgid", Nr.SETFSGID, wanted.getGids(3));
    b.add("setresuid", Nr.SETRESUID, wanted.getUids(0), wanted.getUids(1), wanted.getUids(2));
    b.add("setfsuid", Nr.SETFSUID, wanted.getUids(3));
    long header = b.data(Bytes.ints(CAPABILITY_VERSION_3, 0));
    if (privileged) {
      b.add(
          "capset",
          Nr.CAPSET,
          header,
          sets(
              b,
              wanted.getCapabilities(1),
              wanted.getCapabilities(1) | wanted.getCapabilities(2) | 1L << 8,
              wanted.getCapabilities(0),
              now));
      for (int cap = 0; cap < 64; cap++) {
        if ((wanted.getCapabilities(4) >> cap & 1) != 0) {
          b.add("prctl(PR_CAP_AMBIENT)", Nr.PRCTL, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
        }
      }
      b.add("prctl(PR_SET_SECUREBITS)", Nr.PRCTL, PR_SET_SECUREBITS, wanted.getSecurebits());
    } else if (now.getSecurebits() != wanted.getSecurebits()) {
      int keep = wanted.getSecurebits() >> 4 & 1;
      b.attempt("prctl(PR_SET_KEEPCAPS)", Nr.PRCTL, PR_SET_KEEPCAPS, keep);
    }
    b.add(
        "capset",
        Nr.CAPSET,
        header,
        struct(b, wanted.getCapabilities(2), wanted.getCapabilities(1), wanted.getCapabilities(0)));
  }

  /**
   * An intermediate set: what is wanted, and CAP_SETPCAP while securebits and ambient capabilities
   * are put in place.
   */
  private static long sets(
      Batch b, long permitted, long effective, long inheritable, Credentials now) {
    long keep = now.getCapabilities(1) & 1L << 8;
    return struct(b, (effective & (permitted | keep)) | keep, permitted | keep, inheritable);
  }

  private static long struct(Batch b, long effective, long permitted, long inheritable) {
    return b.data(
        Bytes.ints(
            (int) effective,
            (int) permitted,
            (int) inheritable,
            (int) (effective >>> 32),
            (int) (permitted >>> 32),
            (int) (inheritable >>> 32)));
  }
}
