package hob.wire.bulk;

import static java.nio.charset.StandardCharsets.UTF_8;

import hob.wire.link.OpenLink;
import hob.wire.peer.WireException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * One bulk connection at the sending side; carries transfers one after another. One thread at a
 * time.
 */
final class Lane {
  private final OpenLink link;
  private final BulkOutput out;
  private final BulkInput in;
  private final boolean checksums;
  private final CRC32C crc = new CRC32C();
  private long chunks;
  private long bytes;
  private long idleSinceNanos = System.nanoTime();

  /** Since when the current chunk is being written; 0 between chunks. Read by a timer. */
  private volatile long writingSinceNanos;

  Lane(OpenLink link) {
    this.link = link;
    this.out = new BulkOutput(link.link());
    this.in = new BulkInput(link.link());
    this.checksums = !link.link().isSecure();
  }

  /** The host at the other end. */
  String host() {
    return link.peer().name();
  }

  /** Since when it has carried nothing. */
  long idleSinceNanos() {
    return idleSinceNanos;
  }

  /** Whether the peer still waits for the next transfer. */
  boolean isUsable() {
    return in.isEmpty() && link.link().isQuiet();
  }

  /** Begins a transfer; only one of its lanes has the metadata. */
  void open(TransferToken token, int connections, long total, ByteBuffer metadata, boolean first)
      throws IOException {
    chunks = 0;
    bytes = 0;
    int flags = (checksums ? Frames.FLAG_CHECKSUMS : 0) | (first ? Frames.FLAG_METADATA : 0);
    ByteBuffer header = out.header(Frames.OPEN_BYTES + 4);
    header.put(Frames.OPEN).put((byte) flags).putShort((short) connections);
    token.write(header);
    header.putLong(total);
    if (first) {
      header.putInt(metadata.remaining());
      out.write(metadata.duplicate());
    }
  }

  /** Sends a chunk of at most {@link Frames#MAX_CHUNK} bytes. */
  void chunk(long offset, ByteBuffer data) throws IOException {
    int length = data.remaining();
    int sum = 0;
    if (checksums) {
      crc.reset();
      crc.update(data.duplicate());
      sum = (int) crc.getValue();
    }
    writingSinceNanos = System.nanoTime();
    out.header(Frames.CHUNK_BYTES).put(Frames.CHUNK).putLong(offset).putInt(length).putInt(sum);
    out.write(data);
    writingSinceNanos = 0;
    chunks++;
    bytes += length;
  }

  /** Gives the receiver up if it has not taken one chunk for so long; any thread. */
  void closeIfStalled(long limitNanos) {
    long since = writingSinceNanos;
    if (since != 0 && System.nanoTime() - since > limitNanos) {
      close();
    }
  }

  /** Lets what was written so far go out. */
  void flush() throws IOException {
    out.flush();
  }

  /** Ends a transfer on this lane; {@link #awaitResult} comes next. */
  void end() throws IOException {
    out.header(Frames.END_BYTES).put(Frames.END).putLong(chunks).putLong(bytes);
    out.flush();
  }

  /**
   * Waits for the receiver's word.
   *
   * @throws WireException.Refused with the receiver's reason
   */
  void awaitResult() throws IOException {
    ByteBuffer header = in.header(Frames.RESULT_BYTES);
    byte type = header.get();
    boolean ok = header.get() == 1;
    int length = Short.toUnsignedInt(header.getShort());
    if (type != Frames.RESULT || length > Frames.MAX_REASON) {
      throw new WireException.BadFrame("a bulk frame of type " + type);
    }
    byte[] reason = new byte[length];
    in.readFully(ByteBuffer.wrap(reason));
    if (!ok) {
      throw new WireException.Refused(host(), new String(reason, UTF_8));
    }
    idleSinceNanos = System.nanoTime();
  }

  /** Wakes whoever writes or waits; any thread. */
  void close() {
    link.link().close();
  }
}
