package hob.image;

import hob.linux.Nr;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The code of a vdso(7), an ELF file in memory, with its functions by name. What another host sent
 * is not trusted.
 */
final class VdsoImage {
  /** Larger than any. */
  static final int MOST = 1 << 16;

  private static final int PHDR = 56;
  private static final int PT_LOAD = 1;
  private static final int PT_DYNAMIC = 2;
  private static final long DT_STRTAB = 5;
  private static final long DT_SYMTAB = 6;
  private static final int SYMBOL = 24;
  private static final int STT_FUNC = 2;
  private static final String PREFIX = "__vdso_";

  /** Its memory belongs to the kernel that laid it out, so that another one's must not touch it. */
  private static final String GETRANDOM = "getrandom";

  /** System calls that do the same. */
  private static final Map<String, Integer> CALLS =
      Map.of(
          "clock_gettime",
          Nr.CLOCK_GETTIME,
          "gettimeofday",
          Nr.GETTIMEOFDAY,
          "time",
          Nr.TIME,
          "clock_getres",
          Nr.CLOCK_GETRES,
          "getcpu",
          Nr.GETCPU,
          GETRANDOM,
          Nr.GETRANDOM);

  /** A function. */
  private record Function(int offset, int size) {}

  private final byte[] code;
  private final Map<String, Function> functions = new LinkedHashMap<>();
  private int loaded;

  /**
   * Of these bytes.
   *
   * @throws IllegalArgumentException when they are no vdso
   */
  VdsoImage(byte[] code) {
    this.code = code;
    try {
      read(Bytes.of(code));
    } catch (IndexOutOfBoundsException e) {
      throw new IllegalArgumentException("no vdso", e);
    }
  }

  private void read(ByteBuffer b) {
    if (code.length > MOST || b.getInt(0) != 0x464c457f) {
      throw new IllegalArgumentException("no vdso");
    }
    long dynamic = 0;
    long header = b.getLong(32);
    for (int i = 0; i < b.getShort(56); i++) {
      int at = Math.toIntExact(header) + i * PHDR;
      if (b.getInt(at) == PT_LOAD) {
        loaded = (int) Math.min(code.length, b.getLong(at + 32));
      } else if (b.getInt(at) == PT_DYNAMIC) {
        dynamic = b.getLong(at + 8);
      }
    }
    long strings = 0;
    long symbols = 0;
    for (int at = place(dynamic); b.getLong(at) != 0; at += 16) {
      if (b.getLong(at) == DT_STRTAB) {
        strings = b.getLong(at + 8);
      } else if (b.getLong(at) == DT_SYMTAB) {
        symbols = b.getLong(at + 8);
      }
    }
    // The names stand behind the symbols.
    for (int at = place(symbols); at + SYMBOL <= strings; at += SYMBOL) {
      if ((b.get(at + 4) & 15) == STT_FUNC) {
        Function f = new Function(place(b.getLong(at + 8)), place(b.getLong(at + 16)));
        if (f.offset + Math.max(f.size, MachineCode.JUMP) > code.length) {
          throw new IndexOutOfBoundsException(f.offset);
        }
        functions.putIfAbsent(name(b, place(strings) + b.getInt(at)), f);
      }
    }
  }

  private int place(long offset) {
    if (offset < 0 || offset >= code.length) {
      throw new IndexOutOfBoundsException(String.valueOf(offset));
    }
    return (int) offset;
  }

  private String name(ByteBuffer b, int at) {
    int end = at;
    while (b.get(end) != 0) {
      end++;
    }
    String name = new String(code, at, end - at, StandardCharsets.ISO_8859_1);
    return name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
  }

  /** Whether it is the same but for what {@link #leadingTo} changes, and unused bytes behind it. */
  boolean sameBut(VdsoImage o) {
    if (loaded != o.loaded || !functions.equals(o.functions)) {
      return false;
    }
    byte[] a = code.clone();
    byte[] b = o.code.clone();
    for (Function f : functions.values()) {
      for (int i = f.offset; i < f.offset + MachineCode.JUMP; i++) {
        a[i] = 0;
        b[i] = 0;
      }
    }
    return java.util.Arrays.equals(a, 0, loaded, b, 0, loaded);
  }

  /**
   * The same code, in which each function is but a jump to the one with its name of another vdso,
   * or the system call, where that has none.
   *
   * @param at address of this one
   * @param otherAt address of the other one
   */
  byte[] leadingTo(VdsoImage other, long at, long otherAt) {
    byte[] all = code.clone();
    var b = Bytes.of(all);
    functions.forEach((name, f) -> {
      Function to = other.functions.get(name);
      Integer call = CALLS.get(name);
      if (to != null && !name.equals(GETRANDOM)) {
        MachineCode.jump(b, f.offset, at + f.offset, otherAt + to.offset);
      } else if (call != null) {
        MachineCode.call(b, f.offset, call);
      }
    });
    return all;
  }
}
