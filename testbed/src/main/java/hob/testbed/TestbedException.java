package hob.testbed;

/** A testbed could not be made, used or removed; the message says what, why and what to do. */
public final class TestbedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  TestbedException(String message) {
    super(message);
  }

  TestbedException(String message, Throwable cause) {
    super(message, cause);
  }
}
