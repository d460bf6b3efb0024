package hob.home.net;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What two hosts' networks tell each other.
 *
 * @param kind one of the constants
 * @param session whose; empty for none
 * @param body a packet; or number, protocol and port of a question
 */
record Frame(byte kind, String session, byte[] body) {
  /** A packet of a session, from it or to it. */
  static final byte PACKET = 1;

  /** Home to host: which session has a socket at that port? */
  static final byte ASK = 2;

  /** Host to home: that one, or none. The body is the question's. */
  static final byte TELL = 3;

  /** Host to home: a packet that came when its session was leaving. */
  static final byte RETURN = 4;

  /** Host to home: the network of an ended session is no more; nothing will come. */
  static final byte GONE = 5;

  ByteBuffer bytes() {
    byte[] name = session.getBytes(StandardCharsets.UTF_8);
    ByteBuffer b = ByteBuffer.allocate(2 + name.length + body.length);
    return b.put(kind).put((byte) name.length).put(name).put(body).flip();
  }

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException when it is none
   */
  static Frame of(ByteBuffer b) {
    if (b.remaining() < 2) {
      throw new IllegalArgumentException("a frame of " + b.remaining() + " bytes");
    }
    byte kind = b.get();
    byte[] name = new byte[b.get() & 0xff];
    if (b.remaining() < name.length) {
      throw new IllegalArgumentException("a frame that ends in its name");
    }
    b.get(name);
    byte[] body = new byte[b.remaining()];
    b.get(body);
    return new Frame(kind, new String(name, StandardCharsets.UTF_8), body);
  }
}
