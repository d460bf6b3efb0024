package hob.linux.net;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * {@code bpf(2)}: maps, programs that classify packets, and links to network devices. All end with
 * their descriptors. Needs CAP_BPF and CAP_NET_ADMIN. Any thread.
 */
public final class Bpf {
  private static final int MAP_CREATE = 0;
  private static final int MAP_UPDATE = 2;
  private static final int MAP_DELETE = 3;
  private static final int PROG_LOAD = 5;
  private static final int LINK_CREATE = 28;
  private static final int MAP_TYPE_HASH = 1;
  private static final int NO_PREALLOC = 1;
  private static final int SCHED_CLS = 3;
  private static final int TCX_INGRESS = 46;
  private static final int ATTRIBUTES = 128;
  private static final int LOG = 256 << 10;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private Bpf() {}

  /**
   * A hash table that programs look things up in; its values are four bytes that mean nothing.
   *
   * @param keyBytes length of each key
   * @param entries how many it may have
   */
  public static Fd set(int keyBytes, int entries) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocate(ATTRIBUTES, 8);
      a.set(INT, 0, MAP_TYPE_HASH);
      a.set(INT, 4, keyBytes);
      a.set(INT, 8, 4);
      a.set(INT, 12, entries);
      a.set(INT, 16, NO_PREALLOC);
      return Fd.of(Sys.check(call(MAP_CREATE, a), "bpf", "BPF_MAP_CREATE"));
    }
  }

  /** Puts a key into a table. */
  public static void add(Fd set, byte[] key) {
    Sys.check(change(MAP_UPDATE, set, key), "bpf", "BPF_MAP_UPDATE_ELEM");
  }

  /** Takes a key out of a table, if it is there. */
  public static void remove(Fd set, byte[] key) {
    long r = change(MAP_DELETE, set, key);
    if (!Errno.ENOENT.is(r)) {
      Sys.check(r, "bpf", "BPF_MAP_DELETE_ELEM");
    }
  }

  private static long change(int command, Fd set, byte[] key) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocate(ATTRIBUTES, 8);
      a.set(INT, 0, set.number());
      a.set(LONG, 8, arena.allocateFrom(ValueLayout.JAVA_BYTE, key).address());
      a.set(LONG, 16, command == MAP_DELETE ? 0 : arena.allocate(4, 8).address());
      return call(command, a);
    }
  }

  /**
   * Loads a program that classifies packets that come in.
   *
   * @throws LinuxException EINVAL or EACCES with the verifier's last words when it is wrong
   */
  public static Fd classifier(byte[] code) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocate(ATTRIBUTES, 8);
      a.set(INT, 0, SCHED_CLS);
      a.set(INT, 4, code.length / 8);
      MemorySegment program = arena.allocate(code.length, 8);
      MemorySegment.copy(code, 0, program, ValueLayout.JAVA_BYTE, 0, code.length);
      a.set(LONG, 8, program.address());
      a.set(LONG, 16, arena.allocateFrom("Apache-2.0").address());
      a.set(INT, 68, TCX_INGRESS);
      long r = call(PROG_LOAD, a);
      if (!Sys.failed(r)) {
        return Fd.of(r);
      }
      MemorySegment log = arena.allocate(LOG);
      a.set(INT, 24, 1);
      a.set(INT, 28, LOG);
      a.set(LONG, 32, log.address());
      call(PROG_LOAD, a);
      String said = log.getString(0, StandardCharsets.ISO_8859_1).strip();
      throw new LinuxException(
          "bpf",
          Errno.of((int) -r),
          "BPF_PROG_LOAD",
          said.substring(Math.max(0, said.length() - 2000)));
    }
  }

  /**
   * Has a program see all packets that come in by a device (tcx, Linux 6.6), until the descriptor
   * is closed. In the network namespace of the calling thread.
   */
  public static Fd attach(Fd program, int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocate(ATTRIBUTES, 8);
      a.set(INT, 0, program.number());
      a.set(INT, 4, device);
      a.set(INT, 8, TCX_INGRESS);
      return Fd.of(Sys.check(call(LINK_CREATE, a), "bpf", "BPF_LINK_CREATE", device));
    }
  }

  private static long call(int command, MemorySegment attributes) {
    return Sys.call(Nr.BPF, command, attributes.address(), ATTRIBUTES);
  }
}
