package hob.linux;

import java.util.Arrays;
import java.util.stream.Collectors;

/** A system call failed; the message names call, arguments and errno. */
public final class LinuxException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final Errno errno;
  private final String call;

  /**
   * A failed call.
   *
   * @param call its name as in section 2 of the manual
   * @param errno why
   * @param arguments as a person wants to see them
   */
  public LinuxException(String call, Errno errno, Object... arguments) {
    super(
        Arrays.stream(arguments)
                .map(String::valueOf)
                .collect(Collectors.joining(", ", call + "(", ")"))
            + ": "
            + errno);
    this.call = call;
    this.errno = errno;
  }

  /** Why it failed. */
  public Errno errno() {
    return errno;
  }

  /** The call's name. */
  public String call() {
    return call;
  }
}
