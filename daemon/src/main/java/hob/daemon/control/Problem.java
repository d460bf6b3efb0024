package hob.daemon.control;

/** A request that cannot be carried out; the message is one line for the user. */
final class Problem extends Exception {
  private static final long serialVersionUID = 1L;

  /** What programs may want to tell apart; commands turn it into an exit status. */
  enum Kind {
    /** There is no such process, or it is none that can be asked for. */
    NO_PROCESS,
    /** It belongs to somebody else. */
    NOT_PERMITTED,
    /** Something of it cannot move. */
    CANNOT_MOVE,
    /** It moves already, or is there already. */
    POINTLESS,
    /** No host is called so. */
    UNKNOWN_HOST,
    /** A host that is needed does not answer. */
    UNREACHABLE,
    /** It was tried and did not work. */
    FAILED
  }

  private final Kind kind;

  Problem(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }
}
