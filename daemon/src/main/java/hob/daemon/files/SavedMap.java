package hob.daemon.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A small map of words that is in a file too, which is replaced as a whole at each change. It need
 * not survive the host. Any thread.
 */
final class SavedMap {
  private final Path file;
  private final Map<String, List<String>> map = new ConcurrentHashMap<>();

  /** What is in a file; empty when there is none. */
  SavedMap(Path file) {
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
        .forEach(name -> map.put(name, List.of(all.getProperty(name).split("\n"))));
  }

  @Nullable List<String> get(String key) {
    return map.get(key);
  }

  Set<String> keys() {
    return map.keySet();
  }

  /**
   * Puts or replaces.
   *
   * @param words at least one, without line feeds
   */
  void put(String key, List<String> words) {
    if (!words.equals(map.put(key, List.copyOf(words)))) {
      save();
    }
  }

  void remove(String key) {
    if (map.remove(key) != null) {
      save();
    }
  }

  private synchronized void save() {
    Properties all = new Properties();
    map.forEach((key, words) -> all.setProperty(key, String.join("\n", words)));
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
