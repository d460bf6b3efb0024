package hob.testbed;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Runs the system's own tools: ip, tc, unshare, nsenter. */
final class Command {
  private Command() {}

  /** Runs it and returns what it printed. */
  static String run(List<String> command) {
    return run("", command);
  }

  /**
   * Runs it with {@code input} as its standard input and returns what it printed.
   *
   * @throws TestbedException when it fails; the message has what it said
   */
  static String run(String input, List<String> command) {
    try {
      // One pipe for both outputs, so that neither can fill up unread.
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      try (var in = process.getOutputStream()) {
        in.write(input.getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        // EPIPE: it ended early, and its exit status says why.
      }
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      if (status != 0) {
        throw new TestbedException(
            "%s failed (status %d): %s".formatted(brief(command), status, output.strip()));
      }
      return output;
    } catch (IOException e) {
      throw new TestbedException(
          "cannot run %s: %s; install it".formatted(command.getFirst(), e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TestbedException("interrupted while " + brief(command) + " ran", e);
    }
  }

  /** Scripts among the arguments are too long for a message. */
  private static String brief(List<String> command) {
    List<String> words = new ArrayList<>();
    for (String word : command) {
      words.add(word.contains("\n") ? "..." : word);
    }
    return String.join(" ", words);
  }
}
