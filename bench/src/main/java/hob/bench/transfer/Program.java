package hob.bench.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import hob.testbed.Host;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program on a host that is told jobs by lines and answers each with one. One thread. */
final class Program implements AutoCloseable {
  private final Process process;
  private final BufferedReader out;
  private final PrintStream in;

  /** Starts it and waits until it says that it is ready. */
  Program(Host host, List<String> command) throws IOException {
    process = host.exec(command, builder -> builder.redirectError(ProcessBuilder.Redirect.INHERIT));
    out = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    in = new PrintStream(process.getOutputStream(), true, UTF_8);
    readLine();
  }

  /** Has a job done; returns its time in nanoseconds. */
  long run(String job) throws IOException {
    in.println(job);
    return Long.parseLong(readLine());
  }

  private String readLine() throws IOException {
    String line = out.readLine();
    if (line == null) {
      throw new IOException("a program on the testbed ended too early; see its message above");
    }
    return line;
  }

  @Override
  public void close() {
    in.close();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
