package hob.daemon.files;

import hob.daemon.files.GuestsThere.Place;
import hob.home.SessionId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What homes have said of the files of their sessions that are or may come here. What concerns
 * mounts is also in a file, for the next daemon. Any thread.
 */
final class Roots {
  private final SavedMap saved;
  private final Map<SessionId, Root> roots = new ConcurrentHashMap<>();

  /**
   * What the home of a foreign session said of it.
   *
   * @param mount number 0 when there is none
   * @param shared what the home says that hosts share
   */
  record Root(Place mount, SharedPaths shared) {
    boolean hasMount() {
      return mount.number() != 0;
    }

    private List<String> words() {
      List<String> words = new ArrayList<>();
      words.add(Integer.toString(mount.number()));
      words.add(Long.toString(mount.token()));
      words.addAll(shared.words());
      return words;
    }

    private static Root of(List<String> words) {
      Place mount = new Place(Integer.parseInt(words.get(0)), Long.parseLong(words.get(1)));
      return new Root(mount, SharedPaths.of(words.subList(2, words.size())));
    }
  }

  /** Those in a file, if there is one. */
  Roots(Path file) {
    saved = new SavedMap(file);
    saved
        .keys()
        .forEach(session ->
            roots.put(
                SessionId.parse(session),
                Root.of(java.util.Objects.requireNonNull(saved.get(session)))));
  }

  @Nullable Root get(SessionId session) {
    return roots.get(session);
  }

  void put(SessionId session, Root root) {
    roots.put(session, root);
    if (root.hasMount()) {
      saved.put(session.toString(), root.words());
    }
  }

  void remove(SessionId session) {
    roots.remove(session);
    saved.remove(session.toString());
  }

  /** Whether any session of a home has files of it here. */
  boolean anyOf(String home) {
    return roots.entrySet().stream()
        .anyMatch(e -> e.getKey().home().equals(home) && e.getValue().hasMount());
  }
}
