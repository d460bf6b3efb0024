package hob.home;

import java.util.List;

/**
 * A session as one host sees it.
 *
 * @param location host that runs the tree, as far as this host knows
 * @param here whether real processes of it run (or stand frozen) on this host
 */
public record SessionView(
    SessionId session,
    long incarnation,
    String location,
    boolean here,
    List<ProcessView> processes) {
  /**
   * One process.
   *
   * @param pid as at home
   * @param ppid as at home
   * @param hostPid in this host's pid namespace
   * @param state letter as in proc_pid_stat(5)
   * @param command command line, or the name in brackets
   * @param cpuMillis user and system time of the process on this host, milliseconds
   * @param rssBytes resident set
   */
  public record ProcessView(
      int pid, int ppid, int hostPid, char state, String command, long cpuMillis, long rssBytes) {}
}
