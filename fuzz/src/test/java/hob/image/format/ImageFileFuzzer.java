package hob.image.format;

import java.io.IOException;

/** Any file is an image file or an {@link ImageException}, within the memory that it has itself. */
public final class ImageFileFuzzer {
  private ImageFileFuzzer() {}

  public static void fuzzerTestOneInput(byte[] data) throws IOException {
    try (ImageFile file = ImageFile.open(new MemoryChannel(data))) {
      file.verify();
    } catch (ImageException _) {
      // Refused, as it should be.
    }
  }
}
