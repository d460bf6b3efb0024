package hob.wire.bulk;

import hob.wire.link.Link;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;

/**
 * Writes to a bulk link: what is small is gathered, what is large goes out from where it lies. One
 * thread at a time.
 */
final class BulkOutput {
  private static final int STAGE_BYTES = 128 << 10;

  /** From here on one more system call costs less than a copy. */
  private static final int LARGE_BYTES = 32 << 10;

  private final Link link;
  private final ByteBuffer stage = Arena.ofAuto().allocate(STAGE_BYTES).asByteBuffer();

  BulkOutput(Link link) {
    this.link = link;
  }

  /** Room for a header of {@code bytes}; the caller fills just that. */
  ByteBuffer header(int bytes) throws IOException {
    if (stage.remaining() < bytes) {
      flush();
    }
    return stage;
  }

  /** Writes what remains in {@code data}; it may be reused after the return. */
  void write(ByteBuffer data) throws IOException {
    if (data.remaining() < LARGE_BYTES) {
      if (stage.remaining() < data.remaining()) {
        flush();
      }
      stage.put(data);
      return;
    }
    stage.flip();
    try {
      link.write(stage, data);
    } finally {
      stage.clear();
    }
  }

  void flush() throws IOException {
    stage.flip();
    try {
      link.write(stage);
    } finally {
      stage.clear();
    }
  }
}
