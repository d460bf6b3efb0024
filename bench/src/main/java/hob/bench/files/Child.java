package hob.bench.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program that is told things by lines and says others. One thread. */
final class Child implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 20;

  private final String name;
  private final Process process;
  private final BufferedReader out;
  private final PrintStream in;

  Child(String name, List<String> command) throws IOException {
    this(name, new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  /** Takes over one that has been started. */
  Child(String name, Process process) {
    this.name = name;
    this.process = process;
    out = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    in = new PrintStream(process.getOutputStream(), true, UTF_8);
  }

  void say(String line) {
    in.println(line);
  }

  /** The next line, which must begin with a word. */
  String expect(String word) throws IOException {
    String line = out.readLine();
    if (line == null || !line.startsWith(word)) {
      throw new IOException("%s says '%s' instead of '%s'".formatted(name, line, word));
    }
    return line;
  }

  long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    in.close();
    try {
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
