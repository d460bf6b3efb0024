package hob.daemon.files;

import hob.image.DescriptorKeeper;
import hob.linux.Fd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What outlives this daemon of some numbered things: each has a process that keeps its descriptors,
 * and a note in one directory. Any thread.
 *
 * <p>A note is {@code DIRECTORY/NUMBER.kept}, a line of pid and start time of that process, and
 * what else is to be known.
 */
final class KeeperNotes {
  private static final System.Logger LOG = System.getLogger(KeeperNotes.class.getName());
  private static final String NOTE = ".kept";

  private final Path directory;
  private final Map<Integer, DescriptorKeeper> keepers = new ConcurrentHashMap<>();

  /** Those in a directory, which need not be there. */
  KeeperNotes(Path directory) {
    this.directory = directory;
  }

  /**
   * What an earlier daemon has left.
   *
   * @param words what else is to be known
   */
  record Kept(int number, List<String> words, List<Fd> descriptors) {}

  /** A place beside the note. */
  Path at(String name) {
    return directory.resolve(name);
  }

  private Path note(int number) {
    return at(number + NOTE);
  }

  /**
   * From now on these descriptors stay open though this daemon ends.
   *
   * @param words without blanks
   */
  void keep(int number, List<Fd> descriptors, List<String> words) {
    DescriptorKeeper keeper = DescriptorKeeper.start(descriptors);
    keepers.put(number, keeper);
    Path note = note(number);
    Path fresh = at(number + NOTE + ".new");
    try {
      Files.createDirectories(directory);
      Files.writeString(
          fresh, "%d %d %s%n".formatted(keeper.pid(), keeper.start(), String.join(" ", words)));
      Files.move(fresh, note, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      end(number);
      throw new UncheckedIOException(e);
    }
  }

  /** Nothing outlives this daemon any more. */
  void end(int number) {
    DescriptorKeeper keeper = keepers.remove(number);
    if (keeper != null) {
      keeper.end();
    }
    try {
      Files.deleteIfExists(note(number));
    } catch (IOException e) {
      LOG.log(Level.WARNING, "a note of what is kept stays", e);
    }
  }

  /**
   * All that an earlier daemon has left.
   *
   * @param count how many descriptors each has
   */
  List<Kept> all(int count) {
    List<Kept> found = new ArrayList<>();
    try (DirectoryStream<Path> notes = Files.newDirectoryStream(directory, "*" + NOTE)) {
      for (Path note : notes) {
        read(note, count).ifPresent(found::add);
      }
    } catch (NoSuchFileException _) {
      return found;
    } catch (IOException e) {
      LOG.log(Level.WARNING, "what an earlier daemon has left is lost", e);
    }
    return found;
  }

  private Optional<Kept> read(Path note, int count) throws IOException {
    String name = note.getFileName().toString();
    try {
      int number = Integer.parseInt(name.substring(0, name.length() - NOTE.length()));
      List<String> words = Arrays.asList(Files.readString(note).strip().split(" "));
      if (words.size() > 2) {
        DescriptorKeeper keeper =
            new DescriptorKeeper(Integer.parseInt(words.get(0)), Long.parseLong(words.get(1)));
        keepers.put(number, keeper);
        Optional<List<Fd>> kept = keeper.descriptors(count);
        if (kept.isPresent()) {
          return Optional.of(new Kept(number, words.subList(2, words.size()), kept.get()));
        }
      }
    } catch (NumberFormatException e) {
      LOG.log(Level.WARNING, note + " is no note of what is kept", e);
    }
    Files.deleteIfExists(note);
    return Optional.empty();
  }
}
