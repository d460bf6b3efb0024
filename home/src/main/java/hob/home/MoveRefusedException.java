package hob.home;

import hob.image.Refusal;
import java.util.List;

/** A tree cannot move, for the reasons given; it runs on where it is. */
public final class MoveRefusedException extends Exception {
  private static final long serialVersionUID = 1L;
  private final transient List<Refusal> refusals;

  /** All reasons, at least one. */
  public MoveRefusedException(List<Refusal> refusals) {
    super(
        refusals.stream().map(Refusal::toString).reduce((a, b) -> a + "; " + b).orElse("refused"));
    this.refusals = List.copyOf(refusals);
  }

  /** One reason that concerns no single process. */
  public MoveRefusedException(String reason) {
    this(List.of(new Refusal(0, "host", reason)));
  }

  /** All reasons. */
  public List<Refusal> refusals() {
    return refusals;
  }
}
