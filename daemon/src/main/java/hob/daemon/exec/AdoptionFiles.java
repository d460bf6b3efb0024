package hob.daemon.exec;

import hob.home.SessionId;
import hob.image.Keeper;
import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.SeccompListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the next daemon must know of adopted sessions: a small file for each. Any thread. */
final class AdoptionFiles {
  private final Path directory;

  AdoptionFiles(Path directory) {
    this.directory = directory;
  }

  /**
   * A session and its keeper.
   *
   * @param keeperStart when the keeper started, as in proc_pid_stat(5)
   */
  record Note(SessionId session, int keeper, long keeperStart) {
    /**
     * Takes the listener from the keeper, which ends.
     *
     * @throws LinuxException when it is gone: the session has ended
     */
    SeccompListener takeOver() {
      if (ProcFs.stat("/proc/" + keeper + "/stat").startTime() != keeperStart) {
        throw new LinuxException("keeper", Errno.ESRCH, keeper);
      }
      return Keeper.takeOver(keeper);
    }
  }

  void save(SessionId session, int keeper) {
    try {
      Files.createDirectories(directory);
      long start = ProcFs.stat("/proc/" + keeper + "/stat").startTime();
      Path fresh = directory.resolve("." + session);
      Files.writeString(fresh, session + " " + keeper + " " + start + "\n");
      Files.move(fresh, directory.resolve(session.toString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void forget(SessionId session) {
    try {
      Files.deleteIfExists(directory.resolve(session.toString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<Note> all() {
    List<Note> notes = new ArrayList<>();
    if (!Files.isDirectory(directory)) {
      return notes;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "[!.]*")) {
      for (Path file : files) {
        String[] words = Files.readString(file).strip().split(" ", -1);
        if (words.length == 3) {
          notes.add(
              new Note(
                  SessionId.parse(words[0]), Integer.parseInt(words[1]), Long.parseLong(words[2])));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return notes;
  }
}
