package hob.daemon.files;

import hob.daemon.files.GuestsThere.Place;
import hob.files.abroad.FileMount;
import hob.image.DescriptorKeeper;
import hob.linux.Fd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What outlives this daemon of the mounts of one home: each has a process that keeps its
 * descriptors, and a note beside its directory. Any thread.
 *
 * <p>A note is {@code DIRECTORY/NUMBER.kept}, a line of pid and start time of that process, and the
 * token of the mount.
 */
final class KeptMounts {
  private static final System.Logger LOG = System.getLogger(KeptMounts.class.getName());
  private static final String NOTE = ".kept";

  private final Path directory;
  private final Map<Integer, DescriptorKeeper> keepers = new ConcurrentHashMap<>();

  /** Of a home whose mounts are in this directory. */
  KeptMounts(Path directory) {
    this.directory = directory;
  }

  /**
   * A mount that an earlier daemon made.
   *
   * @param descriptors {@link FileMount#kept}
   */
  record Kept(Place place, List<Fd> descriptors) {}

  /** Where a mount is. */
  Path at(int number) {
    return directory.resolve(Integer.toString(number));
  }

  private Path note(int number) {
    return directory.resolve(number + NOTE);
  }

  /** From now on a mount does not end with this daemon. */
  void keep(Place place, FileMount mount) {
    DescriptorKeeper keeper = DescriptorKeeper.start(mount.kept());
    keepers.put(place.number(), keeper);
    Path note = note(place.number());
    Path fresh = note.resolveSibling(note.getFileName() + ".new");
    try {
      Files.writeString(fresh, "%d %d %d%n".formatted(keeper.pid(), keeper.start(), place.token()));
      Files.move(fresh, note, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      end(place.number());
      throw new UncheckedIOException(e);
    }
  }

  /** A mount is not to outlive this daemon any more. */
  void end(int number) {
    DescriptorKeeper keeper = keepers.remove(number);
    if (keeper != null) {
      keeper.end();
    }
    try {
      Files.deleteIfExists(note(number));
    } catch (IOException e) {
      LOG.log(Level.WARNING, "a note of a mount stays", e);
    }
  }

  /** Those of an earlier daemon. */
  List<Kept> all() {
    List<Kept> found = new ArrayList<>();
    try (DirectoryStream<Path> notes = Files.newDirectoryStream(directory, "*" + NOTE)) {
      for (Path note : notes) {
        read(note).ifPresent(found::add);
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "mounts of an earlier daemon are lost", e);
    }
    return found;
  }

  private Optional<Kept> read(Path note) throws IOException {
    String name = note.getFileName().toString();
    try {
      int number = Integer.parseInt(name.substring(0, name.length() - NOTE.length()));
      String[] words = Files.readString(note).strip().split(" ");
      if (words.length == 3) {
        DescriptorKeeper keeper =
            new DescriptorKeeper(Integer.parseInt(words[0]), Long.parseLong(words[1]));
        keepers.put(number, keeper);
        Optional<List<Fd>> kept = keeper.descriptors(2);
        if (kept.isPresent()) {
          return Optional.of(new Kept(new Place(number, Long.parseLong(words[2])), kept.get()));
        }
      }
    } catch (NumberFormatException e) {
      LOG.log(Level.WARNING, note + " is no note of a mount", e);
    }
    Files.deleteIfExists(note);
    return Optional.empty();
  }
}
