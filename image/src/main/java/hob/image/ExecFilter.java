package hob.image;

import java.nio.ByteBuffer;

/**
 * The seccomp filter of an adopted session: each {@code execve} and {@code execveat} of a 64-bit
 * program is reported to the daemon, all else passes. It begins with an instruction of no effect by
 * which Hob knows it: it belongs to the session, not to the program, and so moves nowhere.
 *
 * <pre>
 * ld #mark; ld [arch]; jne x86-64, allow; ld [nr]; jeq execve, notify; jeq execveat, notify
 * allow: ret ALLOW;  notify: ret USER_NOTIF
 * </pre>
 */
final class ExecFilter {
  private static final int LD_IMM = 0x00;
  private static final int LD_ABS = 0x20;
  private static final int JEQ = 0x15;
  private static final int RET = 0x06;
  private static final int ARCH = 4;
  private static final int NR = 0;
  private static final int AUDIT_ARCH_X86_64 = 0xc000003e;
  private static final int ALLOW = 0x7fff0000;
  private static final int USER_NOTIF = 0x7fc00000;

  /** Any number that nobody else loads first. */
  private static final int MARK = 0x686f6278;

  /** {@code struct sock_filter}s, 8 bytes each. */
  private static final byte[] PROGRAM = program();

  static final int INSTRUCTIONS = PROGRAM.length / 8;

  private ExecFilter() {}

  private static byte[] program() {
    ByteBuffer b = Bytes.of(64);
    instruction(b, LD_IMM, 0, 0, MARK);
    instruction(b, LD_ABS, 0, 0, ARCH);
    instruction(b, JEQ, 0, 3, AUDIT_ARCH_X86_64);
    instruction(b, LD_ABS, 0, 0, NR);
    instruction(b, JEQ, 2, 0, hob.linux.Nr.EXECVE);
    instruction(b, JEQ, 1, 0, hob.linux.Nr.EXECVEAT);
    instruction(b, RET, 0, 0, ALLOW);
    instruction(b, RET, 0, 0, USER_NOTIF);
    return b.array();
  }

  private static void instruction(ByteBuffer b, int code, int yes, int no, int k) {
    b.putShort((short) code).put((byte) yes).put((byte) no).putInt(k);
  }

  static byte[] bytes() {
    return PROGRAM.clone();
  }

  /** Whether a program that PTRACE_SECCOMP_GET_FILTER gave is this one. */
  static boolean is(byte[] program) {
    return java.util.Arrays.equals(program, PROGRAM);
  }
}
