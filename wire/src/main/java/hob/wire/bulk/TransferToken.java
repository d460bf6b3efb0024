package hob.wire.bulk;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HexFormat;

/** Names one bulk transfer; 128 random bits, so that nobody guesses one that is expected. */
public record TransferToken(long high, long low) {
  /** The size of a token in bytes. */
  public static final int BYTES = 16;

  private static final SecureRandom RANDOM = new SecureRandom();

  /** A fresh token. */
  public static TransferToken random() {
    return new TransferToken(RANDOM.nextLong(), RANDOM.nextLong());
  }

  /**
   * The token that a message carries.
   *
   * @throws IllegalArgumentException if {@code bytes} is not of 16 bytes
   */
  public static TransferToken of(ByteString bytes) {
    if (bytes.size() != BYTES) {
      throw new IllegalArgumentException("a token of " + bytes.size() + " bytes");
    }
    return read(bytes.asReadOnlyByteBuffer());
  }

  /** For a message. */
  public ByteString toBytes() {
    return ByteString.copyFrom(ByteBuffer.allocate(BYTES).putLong(high).putLong(low).flip());
  }

  static TransferToken read(ByteBuffer buffer) {
    return new TransferToken(buffer.getLong(), buffer.getLong());
  }

  void write(ByteBuffer buffer) {
    buffer.putLong(high).putLong(low);
  }

  /** Only the first digits: a token in a log must not be of use. */
  @Override
  public String toString() {
    return HexFormat.of().toHexDigits(high).substring(0, 6) + "..";
  }
}
