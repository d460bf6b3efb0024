package hob.cli.doctor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Small facts about the machine. */
final class Facts {
  private static final long PATIENCE_SECONDS = 10;

  private Facts() {}

  /** A file's text; none when it cannot be read. */
  static Optional<String> text(String path) {
    try {
      return Optional.of(Files.readString(Path.of(path), StandardCharsets.ISO_8859_1).strip());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** A field of /proc/self/status. */
  static Optional<String> status(String field) {
    return text("/proc/self/status")
        .flatMap(all ->
            all.lines()
                .filter(line -> line.startsWith(field + ":"))
                .map(line -> line.substring(field.length() + 1).strip())
                .findFirst());
  }

  static boolean exists(String path) {
    return Files.exists(Path.of(path));
  }

  /** Whether the program is on the PATH. */
  static boolean installed(String program) {
    return List.of(System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(":")).stream()
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
  }

  /** Runs a probe; empty when it succeeds, else what it said. */
  static Optional<String> failure(String... command) {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(new java.io.File("/dev/null"))
              .start();
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return Optional.of("no answer within " + PATIENCE_SECONDS + " s");
      }
      return process.exitValue() == 0 ? Optional.empty() : Optional.of(said.replace('\n', ' '));
    } catch (IOException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("interrupted");
    }
  }

  /** Kernel version as a comparable number: 6.18 is 6018. */
  static int kernel() {
    String[] parts = System.getProperty("os.version").split("[^0-9]+", 3);
    return Integer.parseInt(parts[0]) * 1000 + (parts.length > 1 ? Integer.parseInt(parts[1]) : 0);
  }
}
