package hob.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs commands of this module as programs of their own, as the launcher would. */
final class Hob {
  record Result(int status, String out, String err) {}

  private Hob() {}

  /** {@code hob ARGS...} */
  static Result hob(String... args) {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    line.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp"));
    line.addAll(List.of(System.getProperty("java.class.path"), Main.class.getName()));
    line.addAll(List.of(args));
    // Never a daemon that this machine happens to run.
    return run(line, Map.of("HOB_SOCKET", "/nonexistent/hobd.sock"));
  }

  static Result run(List<String> line, Map<String, String> environment) {
    try {
      Path out = Files.createTempFile("hob", ".out");
      Path err = Files.createTempFile("hob", ".err");
      try {
        ProcessBuilder builder =
            new ProcessBuilder(line).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("HOB_"));
        builder.environment().putAll(environment);
        int status = builder.start().waitFor();
        return new Result(status, Files.readString(out), Files.readString(err));
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
