package hob.wire;

import static hob.wire.TestHosts.TYPES;
import static hob.wire.TestHosts.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import hob.wire.peer.WireException;
import hob.wire.proto.Beat;
import hob.wire.proto.Envelope;
import hob.wire.proto.Failure;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LetterTest {
  private static ByteBuffer write(Letter letter) throws Exception {
    // Neither at the beginning nor at the end of its array.
    ByteBuffer buffer = ByteBuffer.allocate(letter.size() + 20).position(10).slice();
    letter.writeTo(buffer);
    return buffer.flip();
  }

  @Test
  void isWrittenAsTheProtocolSays() throws Exception {
    assertThat(Envelope.parseFrom(write(Letter.of(7, 0, text("x")))))
        .isEqualTo(
            Envelope.newBuilder()
                .setId(7)
                .setType("google.protobuf.StringValue")
                .setPayload(text("x").toByteString())
                .build());
    assertThat(Envelope.parseFrom(write(Letter.failure(300, "K", "why"))))
        .isEqualTo(
            Envelope.newBuilder()
                .setReplyTo(300)
                .setFailure(Failure.newBuilder().setKind("K").setMessage("why"))
                .build());
  }

  @Test
  void isReadAsItWasWritten() throws Exception {
    for (Letter letter :
        new Letter[] {
          Letter.of(0, 0, Beat.getDefaultInstance()),
          Letter.of(Long.MAX_VALUE, 0, text("x".repeat(100_000))),
          Letter.of(0, -1, text("")),
          Letter.failure(9, "", "")
        }) {
      assertThat(write(letter).remaining()).isEqualTo(letter.size());
      assertThat(Letter.parse(write(letter), TYPES)).isEqualTo(letter);
    }
  }

  @Test
  void unknownFieldsAreSkippedAndUnknownTypesKeepTheirName() throws Exception {
    Envelope envelope =
        Envelope.newBuilder().setId(1).setType("hob.New").setPayload(ByteString.EMPTY).build();
    byte[] bytes = envelope.toByteArray();
    ByteBuffer more =
        ByteBuffer.allocate(bytes.length + 2).put(bytes).put(new byte[] {(15 << 3), 5});
    assertThat(Letter.parse(more.flip(), TYPES)).isEqualTo(new Letter(1, 0, "hob.New", null, null));
  }

  @Test
  void garbageIsABadFrameAndNothingElse() throws Exception {
    Random random = new Random(2);
    byte[] good = new byte[200];
    ByteBuffer.wrap(good).put(write(Letter.of(7, 0, text("x".repeat(150)))));
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = good.clone();
      int flips = 1 + random.nextInt(4);
      for (int f = 0; f < flips; f++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      try {
        Letter.parse(ByteBuffer.wrap(bytes, 0, random.nextInt(bytes.length)), TYPES);
      } catch (WireException.BadFrame e) {
        assertThat(e).hasMessageStartingWith("not what hob sends: ");
      }
    }
  }

  @Test
  void payloadLongerThanItsFrameIsABadFrame() {
    byte[] lying = {0x1a, 1, 'T', 0x22, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x07};
    assertThatThrownBy(() -> Letter.parse(ByteBuffer.wrap(lying), TYPES))
        .isInstanceOf(WireException.BadFrame.class);
    byte[] negative = {0x1a, 1, 'T', 0x22, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1};
    assertThatThrownBy(() -> Letter.parse(ByteBuffer.wrap(negative), TYPES))
        .isInstanceOf(WireException.BadFrame.class);
  }
}
