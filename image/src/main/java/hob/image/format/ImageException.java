package hob.image.format;

import java.io.IOException;

/** Bytes that are no image, or a damaged one; the message is one line that says what is wrong. */
public final class ImageException extends IOException {
  private static final long serialVersionUID = 1L;

  ImageException(String message) {
    super(message);
  }

  ImageException(String message, Throwable cause) {
    super(message, cause);
  }
}
