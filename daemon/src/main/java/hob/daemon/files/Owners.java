package hob.daemon.files;

import hob.files.home.Credentials;
import hob.home.SessionId;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Whose files the sessions of this home may use: the user's as whom the first process ran when the
 * session first left. Any thread.
 */
final class Owners {
  private final Map<SessionId, Credentials> known = new ConcurrentHashMap<>();

  /**
   * The user of a session.
   *
   * @throws LinuxException ENOENT when its first process has ended and it was never asked for
   */
  Credentials of(SessionId session) {
    return known.computeIfAbsent(session, id -> read(id.pid()));
  }

  void forget(SessionId session) {
    known.remove(session);
  }

  private static Credentials read(int pid) {
    Map<String, String> status = ProcFs.status("/proc/" + pid + "/status");
    int[] uids = numbers(status.getOrDefault("Uid", ""));
    int[] gids = numbers(status.getOrDefault("Gid", ""));
    if (Arrays.stream(uids).anyMatch(uid -> uid == 0)) {
      return Credentials.ROOT;
    }
    return new Credentials(uids[0], gids[0], numbers(status.getOrDefault("Groups", "")));
  }

  private static int[] numbers(String text) {
    return Arrays.stream(text.trim().split("\\s+"))
        .filter(word -> !word.isEmpty())
        .mapToInt(Integer::parseUnsignedInt)
        .toArray();
  }
}
