package hob.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.google.protobuf.WireFormat;
import hob.wire.peer.WireException;
import hob.wire.proto.Envelope;
import hob.wire.proto.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An envelope and the message in it, as {@code envelope.proto} has it. Coded by hand, so that a
 * payload is not copied once more through a {@code bytes} field.
 *
 * @param id of a request, else 0
 * @param replyTo the request that this answers, else 0
 * @param type the payload's full name; empty in a failure
 * @param payload null in a failure, and when the type is not known here
 */
record Letter(
    long id, long replyTo, String type, @Nullable Message payload, @Nullable Failure failure) {

  static Letter of(long id, long replyTo, Message payload) {
    return new Letter(id, replyTo, MessageTypes.nameOf(payload), payload, null);
  }

  static Letter failure(long replyTo, String kind, String message) {
    return new Letter(
        0, replyTo, "", null, Failure.newBuilder().setKind(kind).setMessage(message).build());
  }

  /** The number of bytes that {@link #writeTo} writes. */
  int size() {
    int size = 0;
    if (id != 0) {
      size += CodedOutputStream.computeUInt64Size(Envelope.ID_FIELD_NUMBER, id);
    }
    if (replyTo != 0) {
      size += CodedOutputStream.computeUInt64Size(Envelope.REPLY_TO_FIELD_NUMBER, replyTo);
    }
    if (payload != null) {
      size += CodedOutputStream.computeStringSize(Envelope.TYPE_FIELD_NUMBER, type);
      size += CodedOutputStream.computeMessageSize(Envelope.PAYLOAD_FIELD_NUMBER, payload);
    }
    if (failure != null) {
      size += CodedOutputStream.computeMessageSize(Envelope.FAILURE_FIELD_NUMBER, failure);
    }
    return size;
  }

  /** Writes the envelope to a heap buffer that has room for it. */
  void writeTo(ByteBuffer buffer) throws IOException {
    CodedOutputStream out =
        CodedOutputStream.newInstance(
            buffer.array(), buffer.arrayOffset() + buffer.position(), buffer.remaining());
    if (id != 0) {
      out.writeUInt64(Envelope.ID_FIELD_NUMBER, id);
    }
    if (replyTo != 0) {
      out.writeUInt64(Envelope.REPLY_TO_FIELD_NUMBER, replyTo);
    }
    if (payload != null) {
      out.writeString(Envelope.TYPE_FIELD_NUMBER, type);
      out.writeMessage(Envelope.PAYLOAD_FIELD_NUMBER, payload);
    }
    if (failure != null) {
      out.writeMessage(Envelope.FAILURE_FIELD_NUMBER, failure);
    }
    out.flush();
    buffer.position(buffer.position() + out.getTotalBytesWritten());
  }

  /** Reads an envelope that fills a heap buffer. */
  static Letter parse(ByteBuffer frame, MessageTypes types) throws WireException.BadFrame {
    long id = 0;
    long replyTo = 0;
    String type = "";
    Failure failure = null;
    byte[] array = frame.array();
    int base = frame.arrayOffset() + frame.position();
    int from = base;
    int length = 0;
    CodedInputStream in = CodedInputStream.newInstance(array, base, frame.remaining());
    try {
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        switch (WireFormat.getTagFieldNumber(tag)) {
          case Envelope.ID_FIELD_NUMBER -> id = in.readUInt64();
          case Envelope.REPLY_TO_FIELD_NUMBER -> replyTo = in.readUInt64();
          case Envelope.TYPE_FIELD_NUMBER -> type = in.readStringRequireUtf8();
          case Envelope.PAYLOAD_FIELD_NUMBER -> {
            length = in.readRawVarint32();
            from = base + in.getTotalBytesRead();
            in.skipRawBytes(length);
          }
          case Envelope.FAILURE_FIELD_NUMBER ->
              failure = in.readMessage(Failure.parser(), ExtensionRegistryLite.getEmptyRegistry());
          default -> in.skipField(tag);
        }
      }
      // An empty payload is left out by other writers.
      Parser<? extends Message> parser = types.parser(type);
      Message payload = parser == null ? null : parser.parseFrom(array, from, length);
      if (type.isEmpty() == (failure == null)) {
        throw new WireException.BadFrame("an envelope with neither or both of payload and failure");
      }
      return new Letter(id, replyTo, type, payload, failure);
    } catch (WireException.BadFrame e) {
      throw e;
    } catch (InvalidProtocolBufferException e) {
      throw new WireException.BadFrame("a message" + (type.isEmpty() ? "" : " " + type), e);
    } catch (IOException e) {
      throw new WireException.BadFrame("an envelope", e);
    }
  }
}
