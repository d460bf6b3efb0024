package hob.wire.bulk;

/** The framing on a bulk connection; see the package's description. */
final class Frames {
  static final byte OPEN = 1;
  static final byte CHUNK = 2;
  static final byte END = 3;
  static final byte RESULT = 4;

  static final byte FLAG_CHECKSUMS = 1;
  static final byte FLAG_METADATA = 2;

  static final int OPEN_BYTES = 1 + 1 + 2 + TransferToken.BYTES + 8;
  static final int CHUNK_BYTES = 1 + 8 + 4 + 4;
  static final int END_BYTES = 1 + 8 + 8;
  static final int RESULT_BYTES = 1 + 1 + 2;

  /** The longest chunk; also the size of the receiver's buffers. */
  static final int MAX_CHUNK = 1 << 20;

  /** The largest number of connections for one transfer. */
  static final int MAX_CONNECTIONS = 64;

  static final int MAX_REASON = 4 << 10;

  private Frames() {}
}
