package hob.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a benchmark is given.
 *
 * @param progress takes lines that tell the waiting user what is going on
 * @param criu a {@code criu} to compare with
 */
public record BenchContext(Consumer<String> progress, Optional<Path> criu) {
  /** A command line that runs another program of this class path as a daemon would run. */
  public List<String> java(Class<?> main, String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-cp"));
    command.add(absolute(System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(List.of(args));
    return command;
  }

  /** The median of some measurements. */
  public static double median(double... values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** The other program may start in another directory. */
  private static String absolute(String classPath) {
    String separator = System.getProperty("path.separator");
    return String.join(
        separator,
        Arrays.stream(classPath.split(separator))
            .map(entry -> Path.of(entry).toAbsolutePath().toString())
            .toList());
  }
}
