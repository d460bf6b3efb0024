package hob.wire.bulk;

import static java.nio.charset.StandardCharsets.UTF_8;

import hob.wire.link.Meeting;
import hob.wire.link.OpenLink;
import hob.wire.peer.WireException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** One bulk connection at the receiving side, on a thread of its own. */
final class Intake {
  private static final System.Logger LOG = System.getLogger(Intake.class.getName());

  /** Finds the transfers that are expected. */
  interface Expected {
    @Nullable BulkReceiver find(TransferToken token, String from);
  }

  private final OpenLink link;
  private final Expected expected;
  private final int maxMetadata;
  private final BulkInput in;
  private final CRC32C crc = new CRC32C();

  Intake(OpenLink link, Expected expected, int maxMetadata) {
    this.link = link;
    this.expected = expected;
    this.maxMetadata = maxMetadata;
    this.in = new BulkInput(link.link());
  }

  /** Receives one transfer after another until the connection ends; closes it. */
  void serve() {
    try {
      while (in.await()) {
        receive();
      }
    } catch (WireException e) {
      LOG.log(Level.WARNING, "bulk transfer from {0}: {1}", link.peer().name(), e.getMessage());
      refuse(e);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "bulk connection from " + link.peer().name() + " is lost", e);
    } finally {
      link.link().close();
    }
  }

  /** Receives this connection's part of a transfer. */
  private void receive() throws IOException {
    ByteBuffer header = in.header(Frames.OPEN_BYTES);
    expectType(header.get(), Frames.OPEN);
    byte flags = header.get();
    int connections = Short.toUnsignedInt(header.getShort());
    TransferToken token = TransferToken.read(header);
    long total = header.getLong();
    if (connections < 1 || connections > Frames.MAX_CONNECTIONS || total < 0) {
      throw new WireException.BadFrame(
          "a transfer of %d bytes over %d connections".formatted(total, connections));
    }
    BulkReceiver receiver = expected.find(token, link.peer().name());
    if (receiver == null) {
      throw new WireException.Refused("no transfer " + token + " is expected; ask for a new one");
    }
    try {
      receiver.join(connections, total, readMetadata(flags));
      receiveChunks(receiver, (flags & Frames.FLAG_CHECKSUMS) != 0);
      receiver.leave();
    } catch (WireException e) {
      receiver.fail(e);
      throw e;
    } catch (IOException e) {
      receiver.fail(new WireException.TransferBroken(link.peer().name() + " is gone", e));
      throw e;
    }
    writeResult(true, "");
  }

  private @Nullable ByteBuffer readMetadata(byte flags) throws IOException {
    if ((flags & Frames.FLAG_METADATA) == 0) {
      return null;
    }
    int length = in.header(4).getInt();
    if (length < 0 || length > maxMetadata) {
      throw new WireException.TooLong(
          "metadata", Integer.toUnsignedLong(length), maxMetadata, "send more of it as content");
    }
    ByteBuffer metadata = ByteBuffer.allocate(length);
    in.readFully(metadata);
    return metadata.flip();
  }

  private void receiveChunks(BulkReceiver receiver, boolean checksums) throws IOException {
    long chunks = 0;
    long bytes = 0;
    for (byte type = in.header(1).get(); type != Frames.END; type = in.header(1).get()) {
      expectType(type, Frames.CHUNK);
      ByteBuffer header = in.header(Frames.CHUNK_BYTES - 1);
      long offset = header.getLong();
      int length = header.getInt();
      int sum = header.getInt();
      if (length < 1 || length > Frames.MAX_CHUNK) {
        throw new WireException.BadFrame("a chunk of " + length + " bytes");
      }
      MemorySegment buffer = receiver.borrow();
      ByteBuffer data = buffer.asSlice(0, length).asByteBuffer();
      in.readFully(data);
      if (checksums) {
        verify(data.flip(), offset, sum);
      }
      receiver.deliver(offset, length, buffer);
      chunks++;
      bytes += length;
    }
    ByteBuffer header = in.header(Frames.END_BYTES - 1);
    if (header.getLong() != chunks || header.getLong() != bytes) {
      throw new WireException.BadFrame("an end that does not fit what came before");
    }
  }

  private void verify(ByteBuffer data, long offset, int sum) throws WireException {
    int length = data.remaining();
    crc.reset();
    crc.update(data);
    if ((int) crc.getValue() != sum) {
      throw new WireException.CorruptChunk(offset, length);
    }
  }

  private static void expectType(byte actual, byte type) throws WireException {
    if (actual != type) {
      throw new WireException.BadFrame(
          "a bulk frame of type %d, where %d belongs".formatted(actual, type));
    }
  }

  /** Tells the sender why it had better stop; it may be in the middle of sending. */
  private void refuse(WireException reason) {
    try {
      writeResult(false, reason.getMessage());
      Meeting.discard(link.link());
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "refusing a transfer of " + link.peer().name(), e);
    }
  }

  private void writeResult(boolean ok, String reason) throws IOException {
    byte[] text = reason.getBytes(UTF_8);
    byte[] cut = text.length > Frames.MAX_REASON ? Arrays.copyOf(text, Frames.MAX_REASON) : text;
    link.link()
        .write(
            ByteBuffer.allocate(Frames.RESULT_BYTES + cut.length)
                .put(Frames.RESULT)
                .put((byte) (ok ? 1 : 0))
                .putShort((short) cut.length)
                .put(cut)
                .flip());
  }
}
