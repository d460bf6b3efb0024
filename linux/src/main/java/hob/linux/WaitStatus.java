package hob.linux;

/**
 * A status as {@code wait4(2)} gives it.
 *
 * @param pid of the process or thread
 * @param raw the status word
 */
public record WaitStatus(int pid, int raw) {
  /** PTRACE_EVENT_FORK. */
  public static final int EVENT_FORK = 1;

  /** PTRACE_EVENT_CLONE. */
  public static final int EVENT_CLONE = 3;

  /** PTRACE_EVENT_EXEC. */
  public static final int EVENT_EXEC = 4;

  /** PTRACE_EVENT_EXIT. */
  public static final int EVENT_EXIT = 6;

  /** PTRACE_EVENT_STOP. */
  public static final int EVENT_STOP = 128;

  /** Ended by exit. */
  public boolean exited() {
    return (raw & 0x7f) == 0;
  }

  /** Ended by a signal. */
  public boolean signaled() {
    return (raw & 0x7f) != 0 && (raw & 0xff) != 0x7f && raw != 0xffff;
  }

  /** Over, by exit or by signal. */
  public boolean gone() {
    return exited() || signaled();
  }

  /** Stopped (group stop, signal-delivery stop or ptrace event). */
  public boolean stopped() {
    return (raw & 0xff) == 0x7f;
  }

  /** Exit code of {@link #exited}. */
  public int exitCode() {
    return (raw >> 8) & 0xff;
  }

  /** Signal of {@link #signaled}. */
  public int termSignal() {
    return raw & 0x7f;
  }

  /** Signal of {@link #stopped}; 0x85 (SIGTRAP|0x80) at a system-call stop. */
  public int stopSignal() {
    return (raw >> 8) & 0xff;
  }

  /** PTRACE_EVENT_ number of {@link #stopped}, 0 when there is none. */
  public int event() {
    return (raw >> 16) & 0xff;
  }

  /** Stop at entry to or exit from a system call. */
  public boolean syscallStop() {
    return stopped() && stopSignal() == 0x85;
  }

  @Override
  public String toString() {
    if (exited()) {
      return "pid " + pid + " exited " + exitCode();
    }
    if (signaled()) {
      return "pid " + pid + " killed by signal " + termSignal();
    }
    return "pid " + pid + " stopped by signal " + stopSignal() + " event " + event();
  }
}
