package hob.daemon.files;

import hob.files.home.Credentials;
import hob.home.SessionId;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Whose files the sessions of this home may use: the user's as whom the first process ran when the
 * session first left. They are in a file, too, as that process may end. Any thread.
 */
final class Owners {
  private final SavedMap known;

  /** Those in a file, if there is one. */
  Owners(Path file) {
    known = new SavedMap(file);
  }

  /**
   * The user of a session.
   *
   * @throws LinuxException ENOENT when its first process has ended and it was never asked for
   */
  Credentials of(SessionId session) {
    List<String> saved = known.get(session.toString());
    if (saved != null) {
      return parse(saved);
    }
    Credentials read = read(session.pid());
    known.put(session.toString(), words(read));
    return read;
  }

  void forget(SessionId session) {
    known.remove(session.toString());
  }

  /** A user as {@link #words} wrote him. */
  static Credentials parse(List<String> words) {
    int[] numbers = words.stream().mapToInt(Integer::parseInt).toArray();
    return new Credentials(numbers[0], numbers[1], Arrays.copyOfRange(numbers, 2, numbers.length));
  }

  /** A user in words: his ids, and those of his groups. */
  static List<String> words(Credentials user) {
    List<String> words = new ArrayList<>();
    words.add(Integer.toString(user.uid()));
    words.add(Integer.toString(user.gid()));
    Arrays.stream(user.groups()).mapToObj(Integer::toString).forEach(words::add);
    return words;
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
