package hob.files.home;

import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;

/**
 * Whose rights the calling thread has to files: {@code setfsuid(2)} and kin, which in Linux belong
 * to a thread. One per thread, used by it alone.
 *
 * <p>With a user's rights all capabilities are off, since some of those that setfsuid leaves on
 * would let a user write {@code security.*} attributes. With the root user's, a process that became
 * somebody else abroad makes files in that one's name; what else it may do its kernel has checked
 * already, and the root user gains nothing by it.
 */
final class Identity {
  private static final int VERSION_3 = 0x20080522;
  private static final long ALL = -1L;
  private static final long FSETID = 1L << 4;
  private static final long UNKNOWN = 1;

  private final long memory;
  private final long permitted;
  private Credentials now = Credentials.ROOT;
  private long effective;

  /**
   * Of the calling thread, which must be root's.
   *
   * @param memory the address of 1 KiB for the thread alone
   */
  Identity(long memory) {
    this.memory = memory;
    header();
    Sys.check(Sys.call(Nr.CAPGET, memory, memory + 8), "capget");
    permitted = RawMemory.u32(memory + 12) | RawMemory.u32(memory + 24) << 32;
    effective = ALL;
    capabilities(ALL);
  }

  /** Acts as root. */
  void root() {
    become(Credentials.ROOT, ALL);
  }

  /** Acts as a user with that user's rights and no others. */
  void user(Credentials user) {
    become(user, user.uid() == 0 ? ALL : 0);
  }

  /** Acts in somebody's name with the root user's rights. */
  void inNameOf(Credentials user) {
    become(user, user.uid() == 0 ? ALL : ALL & ~FSETID);
  }

  /** Whether a write now leaves set-user-ID bits alone. */
  boolean keepsSetUid() {
    return (effective & FSETID) != 0;
  }

  private void become(Credentials next, long capabilities) {
    if (!next.equals(now)) {
      capabilities(ALL);
      int[] groups = next.groups();
      for (int i = 0; i < groups.length && i < 200; i++) {
        RawMemory.i32(memory + 4L * i, groups[i]);
      }
      Sys.check(Sys.call(Nr.SETGROUPS, Math.min(200, groups.length), memory), "setgroups");
      Sys.call(Nr.SETFSGID, next.gid());
      Sys.call(Nr.SETFSUID, next.uid());
      now = next;
      effective = UNKNOWN; // setfsuid has changed some.
    }
    if (effective != capabilities) {
      capabilities(capabilities);
    }
  }

  private void header() {
    RawMemory.i32(memory, VERSION_3);
    RawMemory.i32(memory + 4, 0);
  }

  private void capabilities(long wanted) {
    header();
    long set = wanted & permitted;
    RawMemory.i32(memory + 8, (int) set);
    RawMemory.i32(memory + 12, (int) permitted);
    RawMemory.i32(memory + 16, 0);
    RawMemory.i32(memory + 20, (int) (set >>> 32));
    RawMemory.i32(memory + 24, (int) (permitted >>> 32));
    RawMemory.i32(memory + 28, 0);
    Sys.check(Sys.call(Nr.CAPSET, memory, memory + 8), "capset");
    effective = wanted;
  }
}
