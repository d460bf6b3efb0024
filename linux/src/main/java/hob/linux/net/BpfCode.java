package hob.linux.net;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes a program of BPF instructions (the kernel's Documentation/bpf/standardization). Registers
 * are 0 to 10; 10 points behind the stack. One thread.
 */
final class BpfCode {
  /** Sizes of memory accesses. */
  static final int WORD = 0x00;

  static final int HALF = 0x08;
  static final int BYTE = 0x10;
  static final int DOUBLE = 0x18;

  /** Conditions of jumps. */
  static final int EQUAL = 0x10;

  static final int NOT_EQUAL = 0x50;
  static final int SIGNED_LESS = 0xc0;

  /** Operations. */
  static final int ADD = 0x00;

  static final int OR = 0x40;
  static final int AND = 0x50;
  static final int SHIFT_LEFT = 0x60;
  static final int MOVE = 0xb0;

  private static final int LOAD_MAP = 1;

  private final ByteBuffer code = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
  private final Map<String, Integer> labels = new HashMap<>();
  private final Map<Integer, String> jumps = new LinkedHashMap<>();

  private BpfCode put(int operation, int to, int from, int offset, int value) {
    code.put((byte) operation).put((byte) (from << 4 | to)).putShort((short) offset).putInt(value);
    return this;
  }

  /** {@code to OP= value}, 64 bits. */
  BpfCode alu(int operation, int to, int value) {
    return put(0x07 | operation, to, 0, 0, value);
  }

  /** {@code to OP= from}, 64 bits. */
  BpfCode aluRegister(int operation, int to, int from) {
    return put(0x0f | operation, to, from, 0, 0);
  }

  /** {@code to = value}. */
  BpfCode set(int to, int value) {
    return alu(MOVE, to, value);
  }

  /** {@code to = from}. */
  BpfCode move(int to, int from) {
    return aluRegister(MOVE, to, from);
  }

  /** {@code to = &stack[offset]}, an offset below 0. */
  BpfCode stack(int to, int offset) {
    return move(to, 10).alu(ADD, to, offset);
  }

  /** {@code to = *(from + offset)}. */
  BpfCode load(int size, int to, int from, int offset) {
    return put(0x61 | size, to, from, offset, 0);
  }

  /** {@code *(to + offset) = from}. */
  BpfCode store(int size, int to, int offset, int from) {
    return put(0x63 | size, to, from, offset, 0);
  }

  /** {@code *(to + offset) = value}. */
  BpfCode storeValue(int size, int to, int offset, int value) {
    return put(0x62 | size, to, 0, offset, value);
  }

  /** The address of a map. */
  BpfCode map(int to, int descriptor) {
    return put(0x18, to, LOAD_MAP, 0, descriptor).put(0, 0, 0, 0, 0);
  }

  /** Calls a function of the kernel: arguments in 1 to 5, result in 0. */
  BpfCode call(int function) {
    return put(0x85, 0, 0, 0, function);
  }

  /** Jumps to a label when {@code register CONDITION value}. */
  BpfCode jump(int condition, int register, int value, String label) {
    jumps.put(code.position(), label);
    return put(0x05 | condition, register, 0, 0, value);
  }

  /** Jumps to a label further on. */
  BpfCode jump(String label) {
    jumps.put(code.position(), label);
    return put(0x05, 0, 0, 0, 0);
  }

  /** Where jumps lead to. */
  BpfCode label(String name) {
    labels.put(name, code.position());
    return this;
  }

  /** Returns what register 0 has. */
  BpfCode exit() {
    return put(0x95, 0, 0, 0, 0);
  }

  /** The program. */
  byte[] bytes() {
    jumps.forEach((at, label) -> {
      Integer to = labels.get(label);
      if (to == null) {
        throw new IllegalStateException("no label " + label);
      }
      code.putShort(at + 2, (short) ((to - at) / 8 - 1));
    });
    byte[] all = new byte[code.position()];
    code.get(0, all);
    return all;
  }
}
