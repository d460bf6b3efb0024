package hob.migration.message;

import com.google.protobuf.InvalidProtocolBufferException;
import hob.wire.proto.MigrationMessage;

/** A message of another host is one of the protocol, or is refused. */
public final class MessageFuzzer {
  private MessageFuzzer() {}

  public static void fuzzerTestOneInput(byte[] data) {
    MigrationMessage m;
    try {
      m = MigrationMessage.parseFrom(data);
    } catch (InvalidProtocolBufferException _) {
      return;
    }
    Message decoded;
    try {
      decoded = Codec.decode(m);
    } catch (IllegalArgumentException _) {
      return;
    }
    if (!Codec.decode(Codec.encode(decoded)).equals(decoded)) {
      throw new AssertionError("another message came back: " + decoded);
    }
  }
}
