package hob.cli;

/** How commands end; {@code hob migrate --help} lists them. */
public enum ExitStatus {
  OK(0),
  /** It was tried and did not work. */
  FAILED(1),
  /** The command line is wrong. */
  USAGE(2),
  /** There is no such process. */
  NO_PROCESS(3),
  /** It belongs to another user. */
  NOT_PERMITTED(4),
  /** Something of it cannot move. */
  CANNOT_MOVE(5),
  /** It moves already, or is there already. */
  POINTLESS(6),
  /** No host is called so. */
  UNKNOWN_HOST(7),
  /** A daemon that is needed does not answer. */
  UNREACHABLE(8);

  private final int number;

  ExitStatus(int number) {
    this.number = number;
  }

  /** The process's exit status. */
  public int number() {
    return number;
  }

  /** What a daemon calls so; {@link #FAILED} when it is not known here. */
  static ExitStatus of(String kind) {
    for (ExitStatus s : values()) {
      if (s.name().equals(kind)) {
        return s;
      }
    }
    return FAILED;
  }
}
