package hob.daemon.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Numbers of the users at the other end of unix sockets. Any thread.
 *
 * <p>Java gives a name, which may be that of several numbers or of none. A file that is made theirs
 * tells the number; users are few, so each is asked for once.
 */
final class Callers {
  private final Path directory;
  private final Map<UserPrincipal, Integer> known = new ConcurrentHashMap<>();

  /**
   * Knows nobody yet.
   *
   * @param directory where a file may be made for a moment
   */
  Callers(Path directory) {
    this.directory = directory;
  }

  int uid(UserPrincipal user) throws Problem {
    Integer uid = known.get(user);
    if (uid == null) {
      uid = ask(user);
      known.put(user, uid);
    }
    return uid;
  }

  private int ask(UserPrincipal user) throws Problem {
    try {
      Path file = Files.createTempFile(directory, "caller", "");
      try {
        Files.setOwner(file, user);
        return (Integer) Files.getAttribute(file, "unix:uid");
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new Problem(Problem.Kind.NOT_PERMITTED, "cannot tell who " + user + " is: " + e);
    }
  }
}
