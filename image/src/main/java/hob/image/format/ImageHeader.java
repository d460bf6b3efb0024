package hob.image.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.zip.CRC32C;

/**
 * The first bytes of an image file. Its lengths are within their bounds and say how long the file
 * must be, but nobody has looked yet whether it is.
 *
 * @param outlineBytes of the {@link hob.image.proto.TreeOutline}
 * @param imageBytes of the {@link hob.image.proto.TreeImage}
 * @param pageBytes of page contents
 * @param taken when the tree stood still, to the millisecond
 */
public record ImageHeader(int outlineBytes, int imageBytes, long pageBytes, Instant taken) {
  /** The version of the file format. */
  public static final int VERSION = 1;

  /** Length of the header in the file. */
  static final int BYTES = 64;

  /** Page contents stand in blocks of so many bytes; the last may be shorter. */
  static final int BLOCK = 1 << 20;

  /** Length of a checksum. */
  static final int SUM = 4;

  /** As PNG's: no text, not 7 bits, and ends of line that a careless copy would change. */
  private static final byte[] MAGIC = {(byte) 0x89, 'H', 'O', 'B', '\r', '\n', 0x1a, '\n'};

  /** More than any address space holds. */
  private static final long MAX_PAGE_BYTES = 1L << 56;

  /** Where the outline begins. */
  long outlineAt() {
    return BYTES;
  }

  /** Where the image begins. */
  long imageAt() {
    return outlineAt() + outlineBytes + SUM;
  }

  /** Where the block of page contents with this number begins. */
  long blockAt(long number) {
    return imageAt() + imageBytes + SUM + number * (BLOCK + SUM);
  }

  /** How many blocks there are. */
  long blocks() {
    return (pageBytes + BLOCK - 1) / BLOCK;
  }

  /** Bytes of page contents in the block with this number. */
  int blockBytes(long number) {
    return (int) Math.min(BLOCK, pageBytes - number * BLOCK);
  }

  /** How long the file is when nothing is missing. */
  public long fileBytes() {
    return blockAt(0) + pageBytes + blocks() * SUM;
  }

  /** As it stands in the file. */
  ByteBuffer encode() {
    ByteBuffer b = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    b.put(MAGIC).putInt(VERSION).putInt(outlineBytes).putInt(imageBytes).putInt(BLOCK);
    b.putLong(pageBytes).putLong(taken.toEpochMilli());
    b.putInt(BYTES - SUM, sum(0, b.duplicate().position(0).limit(BYTES - SUM)));
    return b.position(0).limit(BYTES);
  }

  /**
   * Reads one.
   *
   * @param b with {@value #BYTES} bytes or fewer
   * @throws ImageException when it is none, or none that this build reads
   */
  static ImageHeader decode(ByteBuffer b) throws ImageException {
    b.order(ByteOrder.LITTLE_ENDIAN);
    for (byte m : MAGIC) {
      if (!b.hasRemaining() || b.get() != m) {
        throw new ImageException("this is no image of hob");
      }
    }
    if (b.remaining() < BYTES - MAGIC.length) {
      throw new ImageException("the file is cut off in its header");
    }
    int version = b.getInt();
    if (version != VERSION) {
      throw new ImageException(
          "the file has version %s of the format, this hob reads version %d"
              .formatted(Integer.toUnsignedString(version), VERSION));
    }
    ByteBuffer all = b.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    all.position(b.position() - MAGIC.length - Integer.BYTES).limit(all.position() + BYTES - SUM);
    int start = all.position();
    if (sum(0, all) != b.getInt(start + BYTES - SUM)) {
      throw new ImageException("the file is damaged: the checksum of its header is wrong");
    }
    int outline = b.getInt();
    int image = b.getInt();
    int block = b.getInt();
    long pages = b.getLong();
    long taken = b.getLong();
    if (outline < 0
        || outline > TreeImages.MAX_BYTES
        || image < 0
        || image > TreeImages.MAX_BYTES
        || block != BLOCK
        || pages < 0
        || pages > MAX_PAGE_BYTES) {
      throw new ImageException(
          "the header says what cannot be: outline %d, image %d, block %d, pages %d bytes"
              .formatted(outline, image, block, pages));
    }
    return new ImageHeader(outline, image, pages, Instant.ofEpochMilli(taken));
  }

  /** CRC-32C of where a section stands and what is in it, so that none can stand for another. */
  static int sum(long at, ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(0, at));
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
