package hob.cli;

/** A daemon did not do what was asked. The message is one line for the user. */
public final class DaemonException extends Exception {
  private static final long serialVersionUID = 1L;
  private final ExitStatus status;

  DaemonException(ExitStatus status, String message) {
    super(message);
    this.status = status;
  }

  /** What the command ends with. */
  public ExitStatus status() {
    return status;
  }
}
