package hob.daemon.files;

import hob.daemon.files.GuestsThere.Place;
import hob.home.SessionId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What homes have said of the files of their sessions that are or may come here. What concerns
 * mounts is also in a file, for the next daemon. Any thread.
 */
final class Roots {
  private final Path file;
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
  }

  /** Those in a file, if there is one. */
  Roots(Path file) {
    this.file = file;
    Properties all = new Properties();
    try (var in = Files.newInputStream(file)) {
      all.load(in);
    } catch (NoSuchFileException _) {
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    all.stringPropertyNames()
        .forEach(name -> {
          String[] words = all.getProperty(name).split("\n");
          Place mount = new Place(Integer.parseInt(words[0]), Long.parseLong(words[1]));
          List<String> shared = Arrays.asList(words).subList(2, words.length);
          roots.put(SessionId.parse(name), new Root(mount, SharedPaths.of(shared)));
        });
  }

  @Nullable Root get(SessionId session) {
    return roots.get(session);
  }

  void put(SessionId session, Root root) {
    Root before = roots.put(session, root);
    if (!root.equals(before) && (root.hasMount() || before != null && before.hasMount())) {
      save();
    }
  }

  void remove(SessionId session) {
    Root before = roots.remove(session);
    if (before != null && before.hasMount()) {
      save();
    }
  }

  /** Whether any session of a home has files of it here. */
  boolean anyOf(String home) {
    return roots.entrySet().stream()
        .anyMatch(e -> e.getKey().home().equals(home) && e.getValue().hasMount());
  }

  private synchronized void save() {
    Properties all = new Properties();
    roots.forEach((session, root) -> {
      if (root.hasMount()) {
        all.setProperty(
            session.toString(),
            root.mount.number()
                + "\n"
                + root.mount.token()
                + "\n"
                + String.join("\n", root.shared.words()));
      }
    });
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      try (var out = Files.newOutputStream(fresh)) {
        all.store(out, null);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
