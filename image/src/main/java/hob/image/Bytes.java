package hob.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Little-endian structs in byte arrays. */
final class Bytes {
  private Bytes() {}

  static ByteBuffer of(byte[] b) {
    return ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN);
  }

  static ByteBuffer of(int size) {
    return of(new byte[size]);
  }

  static byte[] longs(long... values) {
    ByteBuffer b = of(values.length * 8);
    for (long v : values) {
      b.putLong(v);
    }
    return b.array();
  }

  static byte[] ints(int... values) {
    ByteBuffer b = of(values.length * 4);
    for (int v : values) {
      b.putInt(v);
    }
    return b.array();
  }

  static boolean allZero(byte[] b) {
    for (byte x : b) {
      if (x != 0) {
        return false;
      }
    }
    return true;
  }
}
