package hob.migration.home;

import hob.image.Refusal;
import java.util.List;

/** How a move ended, for whoever asked for it. */
public sealed interface Outcome {
  /**
   * It runs at the target.
   *
   * @param freezeNanos from the freeze at the source to the first instruction at the target; 0 when
   *     that is unknown because a daemon was restarted meanwhile
   * @param imageBytes state other than page contents
   */
  record Moved(
      String from, String to, long freezeNanos, long totalNanos, long imageBytes, long pageBytes)
      implements Outcome {}

  /** It could move; it runs on where it was. */
  record Movable(String from, String to) implements Outcome {}

  /** Something of it cannot move; it runs on where it was. */
  record Refused(List<Refusal> reasons) implements Outcome {
    public Refused {
      reasons = List.copyOf(reasons);
    }
  }

  /** Nothing was tried: it moves already, or is there already. */
  record Pointless(String why) implements Outcome {}

  /** It did not move; {@code why} says what became of it. */
  record Failed(String why) implements Outcome {}
}
