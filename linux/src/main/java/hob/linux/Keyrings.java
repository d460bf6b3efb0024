package hob.linux;

/** {@code keyrings(7)}, as far as /proc tells of them. */
public final class Keyrings {
  private Keyrings() {}

  /**
   * Whether a process or a thread of some user has a keyring that is its alone. Which one the
   * kernel tells nobody but itself.
   *
   * @param uid who owns it; the kernel shows keys to their owner, so the calling thread is that one
   *     for a moment
   */
  public static boolean anyOf(int uid) {
    long before = Sys.call(Nr.SETFSUID, -1);
    Sys.call(Nr.SETFSUID, uid);
    try {
      return ProcFs.text("/proc/keys")
          .lines()
          .anyMatch(l -> l.contains(" keyring   _pid") || l.contains(" keyring   _tid"));
    } catch (LinuxException e) {
      // ENOENT: this kernel has no keys, or does not list them.
      return false;
    } finally {
      Sys.call(Nr.SETFSUID, before);
    }
  }
}
