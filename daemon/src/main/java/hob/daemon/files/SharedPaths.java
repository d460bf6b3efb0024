package hob.daemon.files;

import java.nio.file.Path;
import java.util.List;

/**
 * The prefixes of paths that a site's hosts share already.
 *
 * @param prefixes absolute; "/" means that everything is shared
 */
public record SharedPaths(List<Path> prefixes) {
  private static final Path ROOT = Path.of("/");

  public SharedPaths {
    prefixes = List.copyOf(prefixes);
    for (Path p : prefixes) {
      if (!p.isAbsolute() || !p.equals(p.normalize())) {
        throw new IllegalArgumentException("files.shared: " + p + " is no plain absolute path");
      }
    }
  }

  /** From words of the configuration or of a message. */
  public static SharedPaths of(List<String> words) {
    return new SharedPaths(words.stream().map(Path::of).toList());
  }

  /** Whether hosts share all files. */
  public boolean everything() {
    return prefixes.contains(ROOT);
  }

  /** As words of a message. */
  List<String> words() {
    return prefixes.stream().map(Path::toString).toList();
  }

  /** What both say is shared. */
  List<Path> both(SharedPaths other) {
    return prefixes.stream()
        .filter(p -> !p.equals(ROOT))
        .filter(p -> other.prefixes.stream().anyMatch(p::startsWith))
        .toList();
  }
}
