package hob.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.MessageLite;
import hob.wire.proto.Envelope;
import hob.wire.proto.Hello;
import hob.wire.proto.Verdict;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * A peer that keeps to the protocol, written from its description, only as long as a test likes.
 */
final class RawPeer implements AutoCloseable {
  final SocketChannel channel;
  final Hello hello;

  RawPeer(SocketAddress address, Hello.Kind kind) throws IOException {
    channel = SocketChannel.open(address);
    write(ByteBuffer.allocate(8).put("HOB\n".getBytes(US_ASCII)).putInt(1).flip());
    frame(Hello.newBuilder().setKind(kind).setHost("raw").build());
    read(8);
    hello = Hello.parseFrom(readFrame());
    frame(Verdict.newBuilder().setAccepted(true).build());
    if (!Verdict.parseFrom(readFrame()).getAccepted()) {
      throw new IOException("refused");
    }
  }

  void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  void frame(MessageLite message) throws IOException {
    byte[] bytes = message.toByteArray();
    write(ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes).flip());
  }

  Envelope readEnvelope() throws IOException {
    return Envelope.parseFrom(readFrame());
  }

  private ByteBuffer readFrame() throws IOException {
    return read(read(4).getInt());
  }

  ByteBuffer read(int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException();
      }
    }
    return buffer.flip();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
