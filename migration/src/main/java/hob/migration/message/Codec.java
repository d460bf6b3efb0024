package hob.migration.message;

import hob.home.SessionId;
import hob.image.Refusal;
import hob.migration.MoveId;
import hob.migration.message.Message.ArrivalFailed;
import hob.migration.message.Message.ArrivalRefused;
import hob.migration.message.Message.Depart;
import hob.migration.message.Message.Departing;
import hob.migration.message.Message.DepartureRefused;
import hob.migration.message.Message.Destroy;
import hob.migration.message.Message.Destroyed;
import hob.migration.message.Message.Leave;
import hob.migration.message.Message.Left;
import hob.migration.message.Message.Missing;
import hob.migration.message.Message.Prepare;
import hob.migration.message.Message.Prepared;
import hob.migration.message.Message.Ready;
import hob.migration.message.Message.Resume;
import hob.migration.message.Message.Resumed;
import hob.migration.message.Message.Send;
import hob.migration.message.Message.SendFailed;
import hob.migration.message.Message.SourceAsks;
import hob.migration.message.Message.Stay;
import hob.migration.message.Message.Stayed;
import hob.migration.message.Message.TargetAsks;
import hob.wire.bulk.TransferToken;
import hob.wire.proto.MigrationMessage;
import hob.wire.proto.Reason;
import java.util.List;

/** Messages to {@link MigrationMessage} and back. */
public final class Codec {
  private Codec() {}

  /** For the wire. */
  public static MigrationMessage encode(Message message) {
    var m =
        MigrationMessage.newBuilder()
            .setSession(message.move().session().toString())
            .setIncarnation(message.move().incarnation());
    switch (message) {
      case Depart(_, int pid) -> m.getDepartBuilder().setRootPid(pid);
      case Send(_, String target, TransferToken token, String strategy) ->
          m.getSendBuilder().setTarget(target).setToken(token.toBytes()).setStrategy(strategy);
      case Leave(_, String target) -> m.getLeaveBuilder().setTarget(target);
      case Stay(_, String reason) -> m.getStayBuilder().setReason(reason);
      case Prepare p -> m.getPrepareBuilder().setSource(p.source()).setOutline(p.outline());
      case Resume _ -> m.getResumeBuilder();
      case Destroy(_, String reason) -> m.getDestroyBuilder().setReason(reason);
      case Departing d ->
          m.getDepartingBuilder().setOutline(d.outline()).setResidentBytes(d.residentBytes());
      case DepartureRefused(_, List<Refusal> reasons) ->
          m.getDepartureRefusedBuilder().addAllReasons(encode(reasons));
      case SendFailed(_, String reason, boolean runs) ->
          m.getSendFailedBuilder().setReason(reason).setRuns(runs);
      case Left _ -> m.getLeftBuilder();
      case Stayed(_, String problem) -> m.getStayedBuilder().setProblem(problem);
      case SourceAsks _ -> m.getSourceAsksBuilder();
      case Ready(_, TransferToken token) -> m.getReadyBuilder().setToken(token.toBytes());
      case ArrivalRefused(_, List<Refusal> reasons) ->
          m.getArrivalRefusedBuilder().addAllReasons(encode(reasons));
      case Prepared(_, long frozenAt, long imageBytes, long pageBytes) ->
          m.getPreparedBuilder()
              .setFrozenAtNanos(frozenAt)
              .setImageBytes(imageBytes)
              .setPageBytes(pageBytes);
      case ArrivalFailed(_, String reason) -> m.getArrivalFailedBuilder().setReason(reason);
      case Resumed(_, long at) -> m.getResumedBuilder().setResumedAtNanos(at);
      case Missing(_, boolean ranHere) -> m.getMissingBuilder().setRanHere(ranHere);
      case Destroyed _ -> m.getDestroyedBuilder();
      case TargetAsks(_, boolean running) -> m.getTargetAsksBuilder().setRunning(running);
    }
    return m.build();
  }

  /**
   * From the wire.
   *
   * @throws IllegalArgumentException when it is no message of this version
   */
  public static Message decode(MigrationMessage m) {
    MoveId move = new MoveId(SessionId.parse(m.getSession()), m.getIncarnation());
    return switch (m.getBodyCase()) {
      case DEPART -> new Depart(move, m.getDepart().getRootPid());
      case SEND ->
          new Send(
              move,
              m.getSend().getTarget(),
              TransferToken.of(m.getSend().getToken()),
              m.getSend().getStrategy());
      case LEAVE -> new Leave(move, m.getLeave().getTarget());
      case STAY -> new Stay(move, m.getStay().getReason());
      case PREPARE -> new Prepare(move, m.getPrepare().getSource(), m.getPrepare().getOutline());
      case RESUME -> new Resume(move);
      case DESTROY -> new Destroy(move, m.getDestroy().getReason());
      case DEPARTING ->
          new Departing(move, m.getDeparting().getOutline(), m.getDeparting().getResidentBytes());
      case DEPARTURE_REFUSED ->
          new DepartureRefused(move, decode(m.getDepartureRefused().getReasonsList()));
      case SEND_FAILED ->
          new SendFailed(move, m.getSendFailed().getReason(), m.getSendFailed().getRuns());
      case LEFT -> new Left(move);
      case STAYED -> new Stayed(move, m.getStayed().getProblem());
      case SOURCE_ASKS -> new SourceAsks(move);
      case READY -> new Ready(move, TransferToken.of(m.getReady().getToken()));
      case ARRIVAL_REFUSED ->
          new ArrivalRefused(move, decode(m.getArrivalRefused().getReasonsList()));
      case PREPARED ->
          new Prepared(
              move,
              m.getPrepared().getFrozenAtNanos(),
              m.getPrepared().getImageBytes(),
              m.getPrepared().getPageBytes());
      case ARRIVAL_FAILED -> new ArrivalFailed(move, m.getArrivalFailed().getReason());
      case RESUMED -> new Resumed(move, m.getResumed().getResumedAtNanos());
      case MISSING -> new Missing(move, m.getMissing().getRanHere());
      case DESTROYED -> new Destroyed(move);
      case TARGET_ASKS -> new TargetAsks(move, m.getTargetAsks().getRunning());
      case BODY_NOT_SET -> throw new IllegalArgumentException("a migration message without body");
    };
  }

  private static List<Reason> encode(List<Refusal> refusals) {
    return refusals.stream()
        .map(r ->
            Reason.newBuilder().setPid(r.pid()).setKind(r.kind()).setSentence(r.sentence()).build())
        .toList();
  }

  private static List<Refusal> decode(List<Reason> reasons) {
    return reasons.stream()
        .map(r -> new Refusal(r.getPid(), r.getKind(), r.getSentence()))
        .toList();
  }
}
