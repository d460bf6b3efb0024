package hob.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Which testbed has which of the networks 10.77.N.0/24. A symbolic link is taken or not: atomic.
 */
final class NetworkId {
  private static final int COUNT = 256;

  private NetworkId() {}

  /** Takes the first free network. */
  static int take(String name) {
    try {
      Files.createDirectories(Layout.ids());
      for (int id = 0; id < COUNT; id++) {
        Path link = link(id);
        dropStale(link);
        try {
          Files.createSymbolicLink(link, Path.of(name));
          return id;
        } catch (FileAlreadyExistsException e) {
          // taken: try the next
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new TestbedException(
        "all 256 networks 10.77.N.0/24 are taken by testbeds; end some with: hob testbed down");
  }

  static void release(int id, String name) {
    try {
      if (Files.isSymbolicLink(link(id))
          && Files.readSymbolicLink(link(id)).toString().equals(name)) {
        Files.deleteIfExists(link(id));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A link whose testbed is gone. Whoever takes an id has claimed its name before. */
  private static void dropStale(Path link) throws IOException {
    if (Files.isSymbolicLink(link)
        && !Files.exists(new Layout(Files.readSymbolicLink(link).toString()).run())) {
      Files.deleteIfExists(link);
    }
  }

  private static Path link(int id) {
    return Layout.ids().resolve(Integer.toString(id));
  }

  /** Address of host {@code number} in network {@code id}. */
  static String address(int id, int number) {
    return "10.77." + id + "." + number;
  }
}
