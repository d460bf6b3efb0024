package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import hob.cli.DaemonException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A python script on a host that starts programs and watches what becomes of them; it asks for
 * moves with lines {@code move PID HOST}, and fails with what it did not see.
 */
final class Person {
  private final Bed bed;
  private final Path directory;

  /**
   * Somebody with a home directory.
   *
   * @param directory to work in
   */
  Person(Bed bed, Path directory) {
    this.bed = bed;
    this.directory = directory;
  }

  /**
   * Runs a script of this package's resources on h1 to its end.
   *
   * @param arguments of the script
   */
  void plays(String script, String... arguments) {
    plays(List.of(), script, arguments);
  }

  /** The same, begun with a command such as one that changes the user. */
  void plays(List<String> prefix, String script, String... arguments) {
    try {
      copy("person.py");
      Path program = copy(script);
      Path errors = directory.resolve("errors");
      List<String> command = new java.util.ArrayList<>(prefix);
      command.addAll(List.of("timeout", "120", "python3", "-u", program.toString()));
      command.addAll(List.of(arguments));
      Process p =
          bed.host("h1")
              .exec(command, b -> b.directory(directory.toFile()).redirectError(errors.toFile()));
      try (BufferedReader asks = p.inputReader(StandardCharsets.UTF_8);
          Writer answers = p.outputWriter(StandardCharsets.UTF_8)) {
        for (String line = asks.readLine(); line != null; line = asks.readLine()) {
          answers.write(answer(line.split(" ")) + "\n");
          answers.flush();
        }
      }
      assertThat(p.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(p.exitValue()).as(Files.readString(errors)).isZero();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private Path copy(String resource) throws IOException {
    try (var source = Objects.requireNonNull(Person.class.getResourceAsStream(resource))) {
      return Files.write(directory.resolve(resource), source.readAllBytes());
    }
  }

  private String answer(String[] move) {
    try {
      bed.migrate("h1", Integer.parseInt(move[1]), move[2]);
      return "moved";
    } catch (DaemonException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
