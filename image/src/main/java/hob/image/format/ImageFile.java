package hob.image.format;

import hob.image.proto.PageRun;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * An image file that is being read. What {@link #open} gives is whole as to its length, and its
 * outline and image are sound; page contents are held against their checksums as they are read. One
 * thread.
 */
public final class ImageFile implements AutoCloseable {
  private final SeekableByteChannel in;
  private final ImageHeader header;
  private final TreeOutline outline;
  private final TreeImage image;
  private final ByteBuffer block;
  private long blockNumber = -1;

  private ImageFile(SeekableByteChannel in) throws IOException {
    this.in = in;
    ByteBuffer head = ByteBuffer.allocate(ImageHeader.BYTES);
    fill(0, head);
    header = ImageHeader.decode(head.flip());
    long length = in.size();
    if (length != header.fileBytes()) {
      throw new ImageException(
          "the file has %d bytes, its header says %d: it is %s"
              .formatted(
                  length,
                  header.fileBytes(),
                  length < header.fileBytes() ? "cut off" : "followed by something else"));
    }
    outline =
        TreeImages.parseOutline(section("outline", header.outlineAt(), header.outlineBytes()));
    image = TreeImages.parse(section("image", header.imageAt(), header.imageBytes()));
    long pages = image.getPageRunsList().stream().mapToLong(PageRun::getLength).sum();
    if (pages != header.pageBytes()) {
      throw new ImageException(
          "the image tells of %d bytes of page contents, the file has %d"
              .formatted(pages, header.pageBytes()));
    }
    block = ByteBuffer.allocateDirect((int) Math.min(ImageHeader.BLOCK, header.pageBytes()));
  }

  /**
   * Opens a file.
   *
   * @throws ImageException when it is no image file, or a damaged one
   * @throws IOException when it cannot be read
   */
  public static ImageFile open(Path file) throws IOException {
    return open(FileChannel.open(file, StandardOpenOption.READ));
  }

  /** As {@link #open(Path)}; the channel is closed with this, or at once when this fails. */
  public static ImageFile open(SeekableByteChannel in) throws IOException {
    try {
      return new ImageFile(in);
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  /** Its first bytes. */
  public ImageHeader header() {
    return header;
  }

  /** What a target needs to know of the tree before all else. */
  public TreeOutline outline() {
    return outline;
  }

  /** All state but page contents. */
  public TreeImage image() {
    return image;
  }

  /**
   * Fills {@code into} with page contents.
   *
   * @param offset into the linear page space, bytes
   * @throws ImageException when they are damaged
   */
  public void read(long offset, MemorySegment into) throws IOException {
    if (offset < 0 || into.byteSize() > header.pageBytes() - offset) {
      throw new IndexOutOfBoundsException(
          "pages " + offset + "+" + into.byteSize() + " of " + header.pageBytes());
    }
    for (long done = 0; done < into.byteSize(); ) {
      long at = offset + done;
      load(at / ImageHeader.BLOCK);
      int within = (int) (at % ImageHeader.BLOCK);
      long n = Math.min(into.byteSize() - done, block.limit() - within);
      MemorySegment.copy(MemorySegment.ofBuffer(block), within, into, done, n);
      done += n;
    }
  }

  /**
   * Holds all page contents against their checksums.
   *
   * @throws ImageException when they are damaged
   */
  public void verify() throws IOException {
    for (long n = 0; n < header.blocks(); n++) {
      load(n);
    }
  }

  private void load(long number) throws IOException {
    if (blockNumber == number) {
      return;
    }
    blockNumber = -1;
    long at = header.blockAt(number);
    block.clear().limit(header.blockBytes(number));
    check("page contents", at, block);
    blockNumber = number;
  }

  private byte[] section(String what, long at, int length) throws IOException {
    // No more than the file has: its length was compared with the header's sum of all.
    byte[] bytes = new byte[length];
    check(what, at, ByteBuffer.wrap(bytes));
    return bytes;
  }

  /** Fills a section and holds it against its checksum; its position is 0 then. */
  private void check(String what, long at, ByteBuffer bytes) throws IOException {
    fill(at, bytes);
    ByteBuffer sum = ByteBuffer.allocate(ImageHeader.SUM).order(ByteOrder.LITTLE_ENDIAN);
    fill(at + bytes.flip().limit(), sum);
    if (ImageHeader.sum(at, bytes.duplicate()) != sum.getInt(0)) {
      throw new ImageException(
          "the file is damaged: the checksum of the %s at byte %d is wrong".formatted(what, at));
    }
  }

  /** Reads as much as there is and fits. */
  private void fill(long at, ByteBuffer into) throws IOException {
    in.position(at);
    while (into.hasRemaining() && in.read(into) >= 0) {
      // Reads on.
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
