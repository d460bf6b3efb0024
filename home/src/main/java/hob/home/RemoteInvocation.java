package hob.home;

/**
 * The first half of a migration at exec: a process is caught when the kernel has replaced its
 * program, and is then moved like any other, as a session of its own. Any thread.
 */
public interface RemoteInvocation {
  /**
   * Catches the process of a new session in its {@code execve(2)}, in which its seccomp filter
   * holds it up. Blocks until the kernel has done its work.
   *
   * @param proceed lets the call go on; called once, whatever happens
   * @return whether the process stands still now, until it is moved or {@linkplain #letGo let go};
   *     else the call failed or the process may not be traced, and it runs on
   */
  boolean hold(SessionId session, Runnable proceed);

  /**
   * The processes of this host that descend from a session's first one, without those of other
   * sessions.
   */
  SessionView family(SessionId session);

  /** What {@link #hold} caught runs on at home, unless it runs elsewhere by now. */
  void letGo(SessionId session);
}
