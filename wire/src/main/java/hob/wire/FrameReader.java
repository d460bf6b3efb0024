package hob.wire;

import hob.wire.link.Link;
import hob.wire.peer.WireException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what comes in over a link into frames: a big-endian u32 length, then so many bytes.
 *
 * <p>A length is believed only as far as bytes follow: memory grows with what has arrived, up to
 * the limit. Of the reading thread; only {@link #heardNanos} is for all.
 */
final class FrameReader {
  private static final int LENGTH_BYTES = 4;
  private static final int USUAL_BYTES = 64 << 10;

  /** A buffer that a big message has made larger than this is given up after it. */
  private static final int MAX_KEPT_BYTES = 4 << 20;

  /** Room for a TLS record, which is then decrypted in place. */
  private static final int MIN_ROOM = 20 << 10;

  private final Link link;
  private final int maxBytes;
  private ByteBuffer buffer = ByteBuffer.allocate(USUAL_BYTES);
  private int start;
  private int end;
  private volatile long heardNanos = System.nanoTime();

  FrameReader(Link link, int maxBytes) {
    this.link = link;
    this.maxBytes = maxBytes;
  }

  /**
   * Reads the next frame.
   *
   * @return a heap buffer that holds just the frame, valid until the next call; null when the peer
   *     has ended its side between two frames
   * @throws WireException.BadFrame if a frame is longer than allowed
   * @throws EOFException if the peer ends its side within a frame
   */
  @Nullable ByteBuffer next() throws IOException {
    if (!fill(LENGTH_BYTES)) {
      return null;
    }
    int length = buffer.getInt(start);
    if (length < 0 || length > maxBytes) {
      throw new WireException.BadFrame(
          "a frame of %d bytes, where %d are allowed"
              .formatted(Integer.toUnsignedLong(length), maxBytes));
    }
    if (!fill(LENGTH_BYTES + length)) {
      throw new EOFException("the peer hung up within a message");
    }
    ByteBuffer frame = buffer.slice(start + LENGTH_BYTES, length);
    start += LENGTH_BYTES + length;
    return frame;
  }

  /** When bytes last came in, as {@link System#nanoTime}. */
  long heardNanos() {
    return heardNanos;
  }

  /** Reads until {@code needed} bytes are there; false if the link ends and there are none. */
  private boolean fill(int needed) throws IOException {
    while (end - start < needed) {
      makeRoom(needed);
      int n = link.read(buffer.limit(buffer.capacity()).position(end));
      end = buffer.position();
      if (n < 0) {
        if (start < end) {
          throw new EOFException("the peer hung up within a message");
        }
        return false;
      }
      heardNanos = System.nanoTime();
    }
    return true;
  }

  private void makeRoom(int needed) {
    int have = end - start;
    if (have == 0 && buffer.capacity() > MAX_KEPT_BYTES) {
      buffer = ByteBuffer.allocate(USUAL_BYTES);
    }
    if (have == 0) {
      start = 0;
      end = 0;
    } else if (have == buffer.capacity()) {
      move(ByteBuffer.allocate((int) Math.min(2L * have, Math.max(needed, have) + MIN_ROOM)));
    } else if (start > 0
        && (start + needed > buffer.capacity() || buffer.capacity() - end < MIN_ROOM)) {
      move(buffer);
    }
  }

  /** Moves what is there to the beginning of {@code to}, which may be the same buffer. */
  private void move(ByteBuffer to) {
    int have = end - start;
    to.clear().put(0, buffer.clear(), start, have);
    buffer = to;
    start = 0;
    end = have;
  }
}
