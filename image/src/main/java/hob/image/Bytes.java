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
    byte[] bytes = new byte[values.length * 8];
    ByteBuffer b = of(bytes);
    for (long v : values) {
      b.putLong(v);
    }
    return bytes;
  }

  static byte[] ints(int... values) {
    byte[] bytes = new byte[values.length * 4];
    ByteBuffer b = of(bytes);
    for (int v : values) {
      b.putInt(v);
    }
    return bytes;
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
