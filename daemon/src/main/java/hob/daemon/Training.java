package hob.daemon;

import hob.daemon.control.Control;
import hob.daemon.log.LineLoggerFinder;
import hob.migration.journal.Journal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Loads what a start of the daemon loads, for the launcher's AOT cache; changes nothing. */
final class Training {
  private Training() {}

  static void run() {
    try {
      Path directory = Files.createTempDirectory("hob-train");
      DaemonConfig config = DaemonConfig.load(directory.resolve("none"));
      LineLoggerFinder.open(directory.resolve("log"), config.logLevel());
      Control.messageTypes();
      try (Journal journal = Journal.open(directory.resolve("journal"), "boot")) {
        journal.newIncarnation();
      }
      try (var files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    } catch (IOException e) {
      System.err.println("hobd: training: " + e.getMessage());
    }
  }
}
