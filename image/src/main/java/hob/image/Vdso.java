package hob.image;

import hob.linux.MapsEntry;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;

/**
 * The kernel's own code in every process. It always has a {@code syscall} instruction; the same
 * kernel gives all the same code.
 */
public final class Vdso {
  private static final byte[] CODE = own();
  private static final int SYSCALL_OFFSET = find(CODE);

  private Vdso() {}

  private static byte[] own() {
    int self = (int) ProcessHandle.current().pid();
    MapsEntry e =
        ProcFs.maps(self, false).stream()
            .filter(m -> m.path().equals("[vdso]"))
            .findFirst()
            .orElseThrow();
    return ProcessMemory.read(self, e.start(), (int) e.size());
  }

  private static int find(byte[] code) {
    for (int i = 0; i + 1 < code.length; i++) {
      if (code[i] == 0x0f && code[i + 1] == 0x05) {
        return i;
      }
    }
    throw new IllegalStateException("the vdso has no syscall instruction");
  }

  /** Offset of a {@code syscall} instruction. */
  public static int syscallOffset() {
    return SYSCALL_OFFSET;
  }

  /** All of it. */
  public static byte[] code() {
    return CODE.clone();
  }
}
