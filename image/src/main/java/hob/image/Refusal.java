package hob.image;

/**
 * One reason why a process cannot move.
 *
 * @param pid the process, 0 when it concerns the whole
 * @param kind short stable word for tables and tests, such as {@code io_uring}
 * @param sentence what it is and where, for people
 */
public record Refusal(int pid, String kind, String sentence) {
  /** The kind of a process that is not there any more. */
  public static final String ENDED = "ended";

  /** The kind of a connection whose other end stays, where there is no network abroad. */
  public static final String OUTSIDE = "connection";

  /** It names a process, where it was asked of one that goes on without its first thread. */
  Refusal ofProcess(java.util.Collection<ProcessFacts> tree) {
    return tree.stream()
        .filter(p -> p.leaderless() && p.pid() == pid)
        .findFirst()
        .map(p -> new Refusal(p.process(), kind, sentence))
        .orElse(this);
  }

  @Override
  public String toString() {
    return (pid == 0 ? "" : "pid " + pid + ": ") + sentence;
  }
}
