package hob.image.format;

import com.google.protobuf.InvalidProtocolBufferException;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;

/** Messages that describe a tree, from bytes that somebody else wrote. */
public final class TreeImages {
  /** The version of {@link TreeImage} and {@link TreeOutline} that this build writes and reads. */
  public static final int VERSION = 1;

  /**
   * The longest description of a tree that is read, bytes. Page contents are not part of it. In
   * memory it takes up to some 25 times that.
   */
  public static final int MAX_BYTES = 64 << 20;

  private TreeImages() {}

  /**
   * A tree's image all whose parts fit together: see {@link ImageRules}.
   *
   * @throws ImageException when it is none
   */
  public static TreeImage parse(byte[] bytes) throws ImageException {
    limit("image", bytes);
    TreeImage image;
    try {
      image = TreeImage.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new ImageException("the image is damaged: " + e.getMessage(), e);
    }
    ImageRules.check(image);
    return image;
  }

  /**
   * A tree's outline.
   *
   * @throws ImageException when it is none
   */
  public static TreeOutline parseOutline(byte[] bytes) throws ImageException {
    limit("outline", bytes);
    TreeOutline outline;
    try {
      outline = TreeOutline.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new ImageException("the outline is damaged: " + e.getMessage(), e);
    }
    ImageRules.check(outline);
    return outline;
  }

  private static void limit(String what, byte[] bytes) throws ImageException {
    if (bytes.length > MAX_BYTES) {
      throw new ImageException(
          "the %s has %d bytes, more than the %d that are read"
              .formatted(what, bytes.length, MAX_BYTES));
    }
  }
}
