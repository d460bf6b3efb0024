package hob.wire.bulk;

import hob.wire.link.Link;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads from a bulk link: headers through a small buffer, contents straight to where they go. */
final class BulkInput {
  /** Small, because what it holds of a chunk is copied once more. */
  private static final int AHEAD_BYTES = 4 << 10;

  private final Link link;
  private final ByteBuffer ahead = ByteBuffer.allocate(AHEAD_BYTES).flip();

  BulkInput(Link link) {
    this.link = link;
  }

  /** Waits for the next byte; false if the peer has ended its side instead. */
  boolean await() throws IOException {
    return ahead.hasRemaining() || fill();
  }

  /**
   * Reads a header.
   *
   * @return a buffer from which the caller takes just {@code bytes}
   */
  ByteBuffer header(int bytes) throws IOException {
    while (ahead.remaining() < bytes) {
      if (!fill()) {
        throw new EOFException("the peer hung up");
      }
    }
    return ahead;
  }

  /** Fills what remains of {@code dst}. */
  void readFully(ByteBuffer dst) throws IOException {
    int n = Math.min(ahead.remaining(), dst.remaining());
    dst.put(dst.position(), ahead, ahead.position(), n);
    ahead.position(ahead.position() + n);
    dst.position(dst.position() + n);
    while (dst.hasRemaining()) {
      if (link.read(dst) < 0) {
        throw new EOFException("the peer hung up");
      }
    }
  }

  /** Whether nothing was read that is still to be taken. */
  boolean isEmpty() {
    return !ahead.hasRemaining();
  }

  private boolean fill() throws IOException {
    ahead.compact();
    try {
      return link.read(ahead) >= 0;
    } finally {
      ahead.flip();
    }
  }
}
