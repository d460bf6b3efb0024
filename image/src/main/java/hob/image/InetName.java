package hob.image;

import hob.linux.Socket;
import java.util.Arrays;
import java.util.HexFormat;

/** Addresses of internet sockets: {@code struct sockaddr_in} and {@code sockaddr_in6}. */
final class InetName {
  private static final int V4_ADDRESS = 4;
  private static final int V6_ADDRESS = 8;

  private InetName() {}

  /** Whether it is an internet address at all: some sockets have none. */
  static boolean has(byte[] name) {
    return name.length >= 16;
  }

  static int port(byte[] name) {
    return ((name[2] & 0xff) << 8) | (name[3] & 0xff);
  }

  static byte[] withPort(byte[] name, int port) {
    byte[] b = name.clone();
    b[2] = (byte) (port >> 8);
    b[3] = (byte) port;
    return b;
  }

  private static boolean v4(byte[] name) {
    return name[0] == Socket.AF_INET;
  }

  /** The address alone, 4 or 16 bytes. */
  static byte[] address(byte[] name) {
    return v4(name)
        ? Arrays.copyOfRange(name, V4_ADDRESS, V4_ADDRESS + 4)
        : plain(Arrays.copyOfRange(name, V6_ADDRESS, V6_ADDRESS + 16));
  }

  /** The IPv4 address inside a mapped one. */
  private static byte[] plain(byte[] v6) {
    boolean mapped = v6[10] == -1 && v6[11] == -1 && Bytes.allZero(Arrays.copyOf(v6, 10));
    return mapped ? Arrays.copyOfRange(v6, 12, 16) : v6;
  }

  /** The address as a key: an IPv4 address and the same one mapped into IPv6 are equal. */
  static String key(byte[] name) {
    return HexFormat.of().formatHex(address(name)) + ":" + port(name);
  }

  /**
   * Keys of both ends as sock_diag(7) gives them.
   *
   * @param at 0 for the source, 1 for the destination
   */
  static String key(int family, byte[] tuple, int at) {
    int from = 4 + 16 * at;
    byte[] address =
        family == Socket.AF_INET
            ? Arrays.copyOfRange(tuple, from, from + 4)
            : plain(Arrays.copyOfRange(tuple, from, from + 16));
    int port = ((tuple[2 * at] & 0xff) << 8) | (tuple[2 * at + 1] & 0xff);
    return HexFormat.of().formatHex(address) + ":" + port;
  }

  /**
   * One end as a {@code struct sockaddr}.
   *
   * @param tuple both ends as sock_diag(7) gives them
   * @param at 0 for the source, 1 for the destination
   */
  static byte[] name(int family, byte[] tuple, int at) {
    boolean v4 = family == Socket.AF_INET;
    byte[] name = new byte[v4 ? 16 : 28];
    name[0] = (byte) family;
    System.arraycopy(tuple, 2 * at, name, 2, 2);
    System.arraycopy(tuple, 4 + 16 * at, name, v4 ? V4_ADDRESS : V6_ADDRESS, v4 ? 4 : 16);
    return name;
  }

  static boolean sameAddress(byte[] a, byte[] b) {
    return Arrays.equals(address(a), address(b));
  }

  static boolean any(byte[] name) {
    return !has(name) || Bytes.allZero(address(name));
  }

  static boolean loopback(byte[] name) {
    byte[] a = address(name);
    return a.length == 4 ? a[0] == 127 : a[15] == 1 && Bytes.allZero(Arrays.copyOf(a, 15));
  }

  /** The same family's loopback address with the same port. */
  static byte[] toLoopback(byte[] name) {
    byte[] b = name.clone();
    if (v4(name)) {
      b[V4_ADDRESS] = 127;
      b[V4_ADDRESS + 3] = 1;
    } else {
      b[V6_ADDRESS + 15] = 1;
    }
    return b;
  }
}
