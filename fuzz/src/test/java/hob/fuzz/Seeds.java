package hob.fuzz;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import hob.wire.proto.Envelope;
import hob.wire.proto.Hello;
import hob.wire.proto.MigrateRequest;
import hob.wire.proto.MigrationMessage;
import hob.wire.proto.Verdict;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Inputs that are right, to start from. */
final class Seeds {
  private static final int ROOM = 1 << 12;
  private static final int TOKEN = 16;

  private Seeds() {}

  static List<byte[]> letters() {
    List<byte[]> all = new ArrayList<>();
    all.add(framed(letter(MigrateRequest.newBuilder().setPid(100042).setTarget("h2").build(), 7)));
    for (byte[] m : messages()) {
      try {
        all.add(framed(letter(MigrationMessage.parseFrom(m), 0)));
      } catch (com.google.protobuf.InvalidProtocolBufferException e) {
        throw new IllegalStateException(e);
      }
    }
    return all;
  }

  private static byte[] letter(Message payload, long id) {
    return Envelope.newBuilder()
        .setId(id)
        .setType(payload.getDescriptorForType().getFullName())
        .setPayload(payload.toByteString())
        .build()
        .toByteArray();
  }

  private static byte[] framed(byte[]... frames) {
    ByteBuffer b = ByteBuffer.allocate(ROOM);
    for (byte[] f : frames) {
      b.putInt(f.length).put(f);
    }
    return taken(b);
  }

  private static byte[] taken(ByteBuffer b) {
    byte[] bytes = new byte[b.position()];
    b.get(0, bytes);
    return bytes;
  }

  static List<byte[]> greetings() {
    Hello hello =
        Hello.newBuilder().setHost("h2").setArchitecture("amd64").addFeatures("zstd").build();
    byte[] words =
        framed(hello.toByteArray(), Verdict.newBuilder().setAccepted(true).build().toByteArray());
    ByteBuffer b = ByteBuffer.allocate(ROOM);
    b.put("HOB\n".getBytes(StandardCharsets.US_ASCII)).putInt(1).put(words);
    return List.of(taken(b));
  }

  static List<byte[]> transfers() {
    ByteBuffer b = ByteBuffer.allocate(ROOM);
    // OPEN with metadata, two chunks, END.
    b.put((byte) 1).put((byte) 2).putShort((short) 1).put(new byte[TOKEN]).putLong(200);
    b.putInt(3).put(new byte[3]);
    b.put((byte) 2).putLong(100).putInt(100).putInt(0).put(new byte[100]);
    b.put((byte) 2).putLong(0).putInt(100).putInt(0).put(new byte[100]);
    b.put((byte) 3).putLong(2).putLong(200);
    return List.of(taken(b));
  }

  static List<byte[]> messages() {
    List<MigrationMessage> all = new ArrayList<>();
    all.add(of(m -> m.getDepartBuilder().setRootPid(1)));
    all.add(
        of(m -> m.getSendBuilder().setTarget("h2").setToken(ByteString.copyFrom(new byte[16]))));
    all.add(of(m -> m.getPrepareBuilder().setSource("h1").setOutline(ByteString.EMPTY)));
    all.add(of(m -> m.getReadyBuilder().setToken(ByteString.copyFrom(new byte[16]))));
    all.add(of(m -> m.getDepartureRefusedBuilder().addReasonsBuilder().setPid(3).setKind("k")));
    all.add(of(m -> m.getPreparedBuilder().setPageBytes(4096)));
    return all.stream().map(MigrationMessage::toByteArray).toList();
  }

  private static MigrationMessage of(java.util.function.Consumer<MigrationMessage.Builder> body) {
    MigrationMessage.Builder m =
        MigrationMessage.newBuilder().setSession("h1:100042:1219485").setIncarnation(1);
    body.accept(m);
    return m.build();
  }
}
