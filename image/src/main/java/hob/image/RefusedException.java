package hob.image;

import java.util.List;

/** Something cannot move. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;
  private final transient List<Refusal> refusals;

  /** For these reasons, at least one. */
  public RefusedException(List<Refusal> refusals) {
    super(
        refusals.stream().map(Refusal::toString).reduce((a, b) -> a + "; " + b).orElse("refused"));
    this.refusals = List.copyOf(refusals);
  }

  /** For this reason. */
  public RefusedException(Refusal refusal) {
    this(List.of(refusal));
  }

  /** All reasons. */
  public List<Refusal> refusals() {
    return refusals;
  }
}
