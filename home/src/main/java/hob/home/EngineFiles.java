package hob.home;

import hob.image.ThreadPlace;
import hob.linux.Fd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * What the engine must know after a restart, one small file a session, replaced as a whole. It need
 * not survive the host: no process does.
 */
final class EngineFiles {
  private static final System.Logger LOG = System.getLogger(EngineFiles.class.getName());
  private final Path directory;

  EngineFiles(Path directory) {
    this.directory = directory;
    try {
      Files.createDirectories(directory);
      // An earlier daemon died before it could put them in place.
      try (var unfinished = Files.newDirectoryStream(directory, "*.new")) {
        for (Path f : unfinished) {
          Files.deleteIfExists(f);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path file(SessionId id) {
    return directory.resolve(id.toString().replace(':', '_') + ".session");
  }

  void save(SessionId id, String notes) {
    Path target = file(id);
    Path fresh = target.resolveSibling(target.getFileName() + ".new");
    try {
      Files.writeString(fresh, notes, StandardCharsets.ISO_8859_1);
      Files.move(
          fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path places(SessionId id) {
    return directory.resolve(id.toString().replace(':', '_') + ".threads");
  }

  /** An empty file for where threads in doubt go on. */
  Fd openPlaces(SessionId id) {
    return Fd.open(places(id).toString(), Fd.O_WRONLY | Fd.O_CREAT | Fd.O_TRUNC, 0600);
  }

  /** What that file has; none when there is none. */
  List<ThreadPlace> savedPlaces(SessionId id) {
    try {
      return ThreadPlace.read(Files.readAllBytes(places(id)));
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void forgetPlaces(SessionId id) {
    try {
      Files.deleteIfExists(places(id));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void forget(SessionId id) {
    forgetPlaces(id);
    try {
      Files.deleteIfExists(file(id));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<Properties> all() {
    List<Properties> found = new ArrayList<>();
    try (var files = Files.newDirectoryStream(directory, "*.session")) {
      for (Path f : files) {
        Properties p = new Properties();
        try (var in = Files.newInputStream(f)) {
          p.load(in);
          found.add(p);
        } catch (NoSuchFileException e) {
          LOG.log(System.Logger.Level.DEBUG, "{0} went away meanwhile", f);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }
}
