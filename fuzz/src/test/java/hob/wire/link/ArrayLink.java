package hob.wire.link;

import java.nio.ByteBuffer;

/** A link whose peer has said all that it says, and takes whatever it is told. */
public final class ArrayLink implements Link {
  private final ByteBuffer in;

  public ArrayLink(byte[] bytes) {
    in = ByteBuffer.wrap(bytes);
  }

  @Override
  public int read(ByteBuffer into) {
    if (!in.hasRemaining()) {
      return -1;
    }
    int n = Math.min(in.remaining(), into.remaining());
    into.put(in.slice(in.position(), n));
    in.position(in.position() + n);
    return n;
  }

  @Override
  public void write(ByteBuffer... from) {
    for (ByteBuffer b : from) {
      b.position(b.limit());
    }
  }

  @Override
  public boolean isQuiet() {
    return false;
  }

  @Override
  public boolean isSecure() {
    return false;
  }

  @Override
  public void endOutput() {
    // The peer does not listen.
  }

  @Override
  public void close() {
    // Nothing to let go of.
  }
}
