package hob.migration.message;

import com.google.protobuf.ByteString;
import hob.image.Refusal;
import hob.migration.MoveId;
import hob.wire.bulk.TransferToken;
import java.util.List;

/** One step of one move. */
public sealed interface Message {
  /** The move that it belongs to. */
  MoveId move();

  /** From the home to the source. */
  sealed interface ToSource extends Message {}

  /** From the home to the target. */
  sealed interface ToTarget extends Message {}

  /** From the source to the home. */
  sealed interface FromSource extends Message {}

  /** From the target to the home. */
  sealed interface FromTarget extends Message {}

  /** Get the tree under {@code rootPid} ready to move; it runs on. */
  record Depart(MoveId move, int rootPid) implements ToSource {}

  /** Freeze the tree and send it. */
  record Send(MoveId move, String target, TransferToken token, String strategy)
      implements ToSource {}

  /** The move is committed and the target runs the tree: give up the copy. */
  record Leave(MoveId move, String target) implements ToSource {}

  /** There is no move: the tree runs on at the source. */
  record Stay(MoveId move, String reason) implements ToSource {}

  /**
   * Make ready for a tree.
   *
   * @param outline serialised {@code TreeOutline}
   */
  record Prepare(MoveId move, String source, ByteString outline) implements ToTarget {}

  /** The move is committed: let the tree run. Also asks whether it does. */
  record Resume(MoveId move) implements ToTarget {}

  /** There is no move, or the session is over: remove the copy. */
  record Destroy(MoveId move, String reason) implements ToTarget {}

  /**
   * The tree is ready to move.
   *
   * @param outline serialised {@code TreeOutline}
   * @param residentBytes about so much will be sent
   */
  record Departing(MoveId move, ByteString outline, long residentBytes) implements FromSource {}

  /** The tree cannot move; it runs on. */
  record DepartureRefused(MoveId move, List<Refusal> reasons) implements FromSource {}

  /**
   * It could not be sent.
   *
   * @param runs whether the tree runs on already; else it stands frozen and waits for the home
   */
  record SendFailed(MoveId move, String reason, boolean runs) implements FromSource {}

  /** The copy is given up. */
  record Left(MoveId move) implements FromSource {}

  /**
   * The tree runs on at the source.
   *
   * @param problem empty, or why that failed
   */
  record Stayed(MoveId move, String problem) implements FromSource {}

  /** A frozen copy stands here: what of it? */
  record SourceAsks(MoveId move) implements FromSource {}

  /** All is ready for the tree, which is to name {@code token}. */
  record Ready(MoveId move, TransferToken token) implements FromTarget {}

  /** The target cannot take the tree. */
  record ArrivalRefused(MoveId move, List<Refusal> reasons) implements FromTarget {}

  /**
   * The tree stands ready, frozen, and waits for the home's word.
   *
   * @param frozenAtNanos of the source's monotonic clock
   */
  record Prepared(MoveId move, long frozenAtNanos, long imageBytes, long pageBytes)
      implements FromTarget {}

  /** The tree could not be rebuilt; nothing of it is left at the target. */
  record ArrivalFailed(MoveId move, String reason) implements FromTarget {}

  /**
   * The tree runs at the target.
   *
   * @param resumedAtNanos of the target's monotonic clock; 0 when an earlier daemon let it go
   */
  record Resumed(MoveId move, long resumedAtNanos) implements FromTarget {}

  /**
   * There is no such copy at the target.
   *
   * @param ranHere it ran there once, so it must not run again anywhere
   */
  record Missing(MoveId move, boolean ranHere) implements FromTarget {}

  /** The copy is removed. */
  record Destroyed(MoveId move) implements FromTarget {}

  /**
   * A copy is here: should it be?
   *
   * @param running whether it runs, or stands ready and waits
   */
  record TargetAsks(MoveId move, boolean running) implements FromTarget {}
}
