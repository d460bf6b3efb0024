package hob.home;

import java.nio.file.Path;
import java.util.List;

/**
 * The root directory of a sandbox.
 *
 * @param mount where the home's files are mounted on this host
 * @param shared absolute paths of which this host's own files are taken, with all that is mounted
 *     below them; they are there at the home too
 */
public record SandboxRoot(Path mount, List<Path> shared) {
  public SandboxRoot {
    shared = List.copyOf(shared);
  }
}
