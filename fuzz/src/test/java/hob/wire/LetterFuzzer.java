package hob.wire;

import hob.daemon.control.Control;
import hob.wire.link.ArrayLink;
import hob.wire.peer.WireException;
import hob.wire.proto.MigrationMessage;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** What comes in over a connection is cut into frames and these are letters, or it is refused. */
public final class LetterFuzzer {
  private static final MessageTypes TYPES =
      Control.messageTypes().plus(MigrationMessage.getDefaultInstance());
  private static final int MAX_FRAME = 1 << 20;

  private LetterFuzzer() {}

  public static void fuzzerTestOneInput(byte[] data) throws IOException {
    FrameReader frames = new FrameReader(new ArrayLink(data), MAX_FRAME);
    try {
      for (ByteBuffer f = frames.next(); f != null; f = frames.next()) {
        Letter.parse(f, TYPES);
      }
    } catch (WireException.BadFrame | EOFException _) {
      // Refused, as it should be.
    }
  }
}
