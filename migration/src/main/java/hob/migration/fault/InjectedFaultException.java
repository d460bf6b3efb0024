package hob.migration.fault;

/** A failure that a test asked for. */
public final class InjectedFaultException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public InjectedFaultException(FaultPoint point) {
    super("injected fault at " + point.word());
  }
}
