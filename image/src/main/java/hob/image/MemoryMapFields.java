package hob.image;

import hob.linux.Errno;
import hob.linux.Nr;
import hob.linux.ProcessMemory;
import hob.linux.Ptrace;
import hob.linux.Signals;
import hob.linux.Sys;
import hob.linux.Wait;

/**
 * PR_SET_MM_MAP with another executable, which takes CAP_CHECKPOINT_RESTORE in the caller's user
 * namespace (prctl(2), since Linux 5.9). An ordinary user's process at home has it not. So a second
 * process that shares its memory and descriptors is born into a user namespace of its own, where it
 * has every capability; the executable is one of the memory, not of a process. Tracer's thread.
 */
final class MemoryMapFields {
  private static final int PR_SET_MM = 35;
  private static final int PR_SET_MM_MAP = 14;
  private static final long CLONE_VM = 0x100;
  private static final long CLONE_FILES = 0x400;
  private static final long CLONE_NEWUSER = 0x10000000;
  private static final int CLONE_ARGS = 88;
  private static final int __WALL = 0x40000000;
  private static final int AUXV = 512;

  private final Tracee leader;
  private final long instruction;
  private final long scratch;

  /**
   * Of a process that stands still.
   *
   * @param instruction address of a syscall instruction in it
   * @param scratch where a page of it may be written
   */
  MemoryMapFields(Tracee leader, long instruction, long scratch) {
    this.leader = leader;
    this.instruction = instruction;
    this.scratch = scratch;
  }

  /**
   * Sets them.
   *
   * @param fields start_code to env_end, as struct prctl_mm_map has them
   * @param executable its descriptor of the new executable
   */
  void set(Iterable<Long> fields, byte[] auxv, int executable) {
    var map = Bytes.of(12 * 8 + 8);
    for (long v : fields) {
      map.putLong(v);
    }
    map.putLong(scratch + AUXV).putInt(auxv.length).putInt(executable);
    ProcessMemory.write(leader.tid(), scratch, map.array());
    ProcessMemory.write(leader.tid(), scratch + AUXV, auxv);
    long r = call(leader, map.capacity());
    if (Errno.EPERM.is(r)) {
      r = byOther(map.capacity());
    }
    Sys.check(r, "prctl(PR_SET_MM_MAP)", "executable");
  }

  private long call(Tracee by, int size) {
    return by.inject(instruction, Nr.PRCTL, PR_SET_MM, PR_SET_MM_MAP, scratch, size, 0);
  }

  private long byOther(int size) {
    var args = Bytes.of(CLONE_ARGS);
    args.putLong(0, CLONE_VM | CLONE_FILES | CLONE_NEWUSER);
    long at = scratch + AUXV - CLONE_ARGS;
    ProcessMemory.write(leader.tid(), at, args.array());
    long pid = leader.must(instruction, "clone3(CLONE_NEWUSER)", Nr.CLONE3, at, CLONE_ARGS);
    int host = leader.newborn();
    Wait.of(host);
    Tracee other = new Tracee(host);
    other.base(Ptrace.registers(host));
    Ptrace.signalMask(host, Tracee.ALL_BUT_TRAP);
    long r = call(other, size);
    Signals.kill(host, Signals.SIGKILL);
    Capture.awaitEnd(host);
    leader.must(instruction, "wait4", Nr.WAIT4, pid, 0, __WALL, 0);
    return r;
  }
}
