package hob.image;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;

/**
 * The few bytes of x86-64 machine code that Hob puts into a process, and what else knows registers.
 * Position-independent.
 *
 * <pre>
 * 00 batch:  movzx eax, word [rbx]       system call number      entry of a batch, 64 bytes:
 *            mov rdi, [rbx+8] ... r9      six arguments             0 u16 number   2 u16 flags
 *            syscall                                                8 six arguments
 *            mov [rbx+56], rax            result                   56 result
 *            movzx ecx, word [rbx+2]      flags: 1 error is fine, 2 last
 *            cmp rax, -4095; jb ok; test cl, 1; jz stop
 *      ok:   add rbx, 64; test cl, 2; jz batch
 * 3b   stop: int3; jmp stop
 * 40 single: syscall; int3
 * 50 park:   mov eax, 34 (pause); syscall; jmp park
 * 60 shadow: rt_sigtimedwait(r14, r12, NULL, 8); write(r13, r12, 136); jmp shadow
 * a0 exit:   mov eax, 231 (exit_group); syscall; hlt
 * </pre>
 */
final class MachineCode {
  static final byte[] BYTES =
      HexFormat.of()
          .parseHex(
              "0fb703488b7b08488b7310488b53184c8b53204c8b43284c8b4b300f05488943380fb74b02483d01f0ff"
                  + "ff7205f6c10174094883c340f6c10274c5ccebfd66900f05cc66662e0f1f8400000000006690b8220000"
                  + "000f05ebf70f1f8000000000b8800000004c89f74c89e631d241ba080000000f0585c07ee7b801000000"
                  + "4c89ef4c89e6ba880000000f054883f8fc74e8ebcd66662e0f1f8400000000006690b8e70000000f05f4");

  static final int BATCH = 0;
  static final int STOP = 0x3b;
  static final int SINGLE = 0x40;

  /** Behind its {@code int3}. */
  static final int SINGLE_END = 3;

  static final int PARK = 0x50;
  static final int SHADOW = 0x60;
  static final int EXIT = 0xa0;

  // Words of struct user_regs_struct.
  static final int R15 = 0;
  static final int R14 = 1;
  static final int R13 = 2;
  static final int R12 = 3;
  static final int RBX = 5;
  static final int R9 = 8;
  static final int R8 = 9;
  static final int R10 = 7;
  static final int RAX = 10;
  static final int RDX = 12;
  static final int RSI = 13;
  static final int RDI = 14;
  static final int ORIG_RAX = 15;
  static final int RIP = 16;
  static final int RSP = 19;

  /** Registers of the arguments of a system call, in order. */
  static final List<Integer> ARGUMENTS = List.of(RDI, RSI, RDX, R10, R8, R9);

  private static final long SA_RESTORER = 0x04000000;

  /** Bytes that {@link #jump} takes at most, and {@link #call}. */
  static final int JUMP = 14;

  private static final int NEAR_JUMP = 5;

  private MachineCode() {}

  /**
   * Writes a jump.
   *
   * @param offset in {@code b} of what stands at {@code from}
   */
  static void jump(ByteBuffer b, int offset, long from, long to) {
    long distance = to - (from + NEAR_JUMP);
    if (distance == (int) distance) {
      b.put(offset, (byte) 0xe9).putInt(offset + 1, (int) distance);
    } else {
      // jmp [rip], and the address behind it.
      b.putShort(offset, (short) 0x25ff).putInt(offset + 2, 0).putLong(offset + 6, to);
    }
  }

  /** Writes a function that is a system call: {@code mov eax, NR; syscall; ret}. */
  static void call(ByteBuffer b, int offset, int nr) {
    b.put(offset, (byte) 0xb8).putInt(offset + 1, nr);
    b.put(offset + 5, (byte) 0x0f).put(offset + 6, (byte) 5).put(offset + 7, (byte) 0xc3);
  }

  /**
   * A {@code struct kernel_sigaction} that waits for ever with all signals blocked. It is for
   * SIGTRAP: should the tracer end while a process runs injected calls, the {@code int3} behind
   * them leads there, and the next daemon finds the process alive.
   *
   * @param code where this code stands in the process
   */
  static byte[] trapAction(long code) {
    return Bytes.longs(code + PARK, SA_RESTORER, code + PARK, -1L);
  }
}
