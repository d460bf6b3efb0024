package hob.migration.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import hob.home.SessionId;
import hob.image.Refusal;
import hob.migration.MoveId;
import hob.wire.bulk.TransferToken;
import hob.wire.proto.MigrationMessage;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class CodecTest {
  private static final MoveId ID = new MoveId(new SessionId("h1", 42, 7), 5);
  private static final ByteString BYTES = ByteString.copyFromUtf8("outline");
  private static final TransferToken TOKEN = TransferToken.random();
  private static final List<Refusal> WHY = List.of(new Refusal(42, "aio", "has AIO contexts"));

  static Stream<Message> messages() {
    return Stream.of(
        new Message.Depart(ID, 42),
        new Message.Send(ID, "h2", TOKEN, "eager"),
        new Message.Leave(ID, "h2"),
        new Message.Stay(ID, "why"),
        new Message.Prepare(ID, "h1", BYTES),
        new Message.Resume(ID),
        new Message.Destroy(ID, "why"),
        new Message.Departing(ID, BYTES, 4096),
        new Message.DepartureRefused(ID, WHY),
        new Message.SendFailed(ID, "why", true),
        new Message.Left(ID),
        new Message.Stayed(ID, "why"),
        new Message.SourceAsks(ID),
        new Message.Ready(ID, TOKEN),
        new Message.ArrivalRefused(ID, WHY),
        new Message.Prepared(ID, -5, 10, 20),
        new Message.ArrivalFailed(ID, "why"),
        new Message.Resumed(ID, 77),
        new Message.Missing(ID, true),
        new Message.Destroyed(ID),
        new Message.TargetAsks(ID, true));
  }

  @ParameterizedTest
  @MethodSource("messages")
  void messageArrivesAsItWasSent(Message message) throws InvalidProtocolBufferException {
    byte[] wire = Codec.encode(message).toByteArray();
    assertThat(Codec.decode(MigrationMessage.parseFrom(wire))).isEqualTo(message);
  }

  @Test
  void everyMessageIsTested() {
    assertThat(messages().map(Object::getClass).distinct().count())
        .isEqualTo(
            Stream.of(
                    Message.ToSource.class,
                    Message.ToTarget.class,
                    Message.FromSource.class,
                    Message.FromTarget.class)
                .mapToLong(c -> c.getPermittedSubclasses().length)
                .sum());
  }

  @Test
  void messageOfAnotherVersionIsRefused() {
    MigrationMessage empty = MigrationMessage.newBuilder().setSession("h1:42:7").build();
    assertThatThrownBy(() -> Codec.decode(empty)).isInstanceOf(IllegalArgumentException.class);
  }
}
