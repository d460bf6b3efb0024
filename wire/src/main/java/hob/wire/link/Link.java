package hob.wire.link;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** An ordered stream of bytes in each direction. */
public interface Link extends Closeable {
  /**
   * Reads what is there, at least one byte; blocks until then. One thread at a time.
   *
   * @param dst has room for at least one byte
   * @return the number of bytes, or -1 when the peer has ended its side
   */
  int read(ByteBuffer dst) throws IOException;

  /** Writes all that remains in {@code srcs}, in order. One thread at a time. */
  void write(ByteBuffer... srcs) throws IOException;

  /**
   * Tells whether an idle link may be used again: nothing has come in and the peer has not closed
   * it. Neither reading nor writing may be under way.
   */
  boolean isQuiet();

  /** Whether the bytes are protected by TLS, so that no further checksums are needed. */
  boolean isSecure();

  /** Tells the peer that nothing more will be written; reading goes on. */
  void endOutput() throws IOException;

  /** Closes the link and wakes its threads; any thread may call it, any number of times. */
  @Override
  void close();
}
