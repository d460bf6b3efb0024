package hob.image.format;

import hob.image.proto.PageRun;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.time.Instant;

/** Writes an image file from its first byte to its last. One thread. */
public final class ImageFileWriter {
  private final WritableByteChannel out;
  private long at;

  private ImageFileWriter(WritableByteChannel out) {
    this.out = out;
  }

  /**
   * Writes a whole file.
   *
   * @param pages gives the page contents that the image's runs describe
   * @return its header
   * @throws ImageException when the image is larger than a reader would take
   * @throws IOException when it cannot be written; what was written is of no use
   */
  public static ImageHeader write(
      WritableByteChannel out,
      TreeOutline outline,
      TreeImage image,
      PageSource pages,
      Instant taken)
      throws IOException {
    long pageBytes = image.getPageRunsList().stream().mapToLong(PageRun::getLength).sum();
    if (image.getSerializedSize() > TreeImages.MAX_BYTES) {
      throw new ImageException(
          "the description of the tree has %d bytes, more than the %d of an image file"
              .formatted(image.getSerializedSize(), TreeImages.MAX_BYTES));
    }
    ImageHeader header =
        new ImageHeader(
            outline.getSerializedSize(),
            image.getSerializedSize(),
            pageBytes,
            Instant.ofEpochMilli(taken.toEpochMilli()));
    new ImageFileWriter(out).write(header, outline, image, pages);
    return header;
  }

  private void write(ImageHeader header, TreeOutline outline, TreeImage image, PageSource pages)
      throws IOException {
    put(header.encode());
    section(ByteBuffer.wrap(outline.toByteArray()));
    section(ByteBuffer.wrap(image.toByteArray()));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(ImageHeader.BLOCK, 4096);
      for (long n = 0; n < header.blocks(); n++) {
        MemorySegment part = block.asSlice(0, header.blockBytes(n));
        pages.read(n * ImageHeader.BLOCK, part);
        section(part.asByteBuffer());
      }
    }
  }

  /** Some bytes and their checksum. */
  private void section(ByteBuffer bytes) throws IOException {
    int sum = ImageHeader.sum(at, bytes.duplicate());
    put(bytes);
    ByteBuffer b = ByteBuffer.allocate(ImageHeader.SUM).order(ByteOrder.LITTLE_ENDIAN);
    put(b.putInt(0, sum));
  }

  private void put(ByteBuffer bytes) throws IOException {
    at += bytes.remaining();
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }
}
