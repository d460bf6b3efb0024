package hob.cli.output;

/** A command was called in a way that makes no sense; the message says what is wrong. */
public final class WrongUse extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public WrongUse(String message) {
    super(message);
  }

  public WrongUse(String message, Throwable cause) {
    super(message, cause);
  }
}
