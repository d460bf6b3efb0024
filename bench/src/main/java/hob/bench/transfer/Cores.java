package hob.bench.transfer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The processor cores that a program may use.
 *
 * <p>Two machines never share a core, but the scheduler likes to put both ends of a connection on
 * one: then the other idles, and a stream moves half of what it could. It does so in some runs and
 * not in others. So each host gets cores of its own.
 *
 * @param numbers empty for all there are
 */
record Cores(List<Integer> numbers) {
  static final Cores ALL = new Cores(List.of());

  /** One and the same for both hosts: no idle core has to be woken, which would hide all else. */
  static Cores one() throws IOException {
    return new Cores(allowed().subList(0, 1));
  }

  /** The first or the second half of all; all, if there is only one. */
  static Cores half(boolean first) throws IOException {
    List<Integer> all = allowed();
    int middle = all.size() / 2;
    if (middle == 0) {
      return ALL;
    }
    return new Cores(first ? all.subList(0, middle) : all.subList(middle, all.size()));
  }

  /** A command line that is bound to these. */
  List<String> bind(List<String> command) {
    if (numbers.isEmpty()) {
      return command;
    }
    List<String> bound = new ArrayList<>(List.of("taskset", "-c"));
    bound.add(numbers.stream().map(String::valueOf).collect(Collectors.joining(",")));
    bound.addAll(command);
    return bound;
  }

  /** As in {@code proc_pid_status(5)}: numbers and ranges, with commas between. */
  private static List<Integer> allowed() throws IOException {
    String key = "Cpus_allowed_list:";
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith(key)) {
        return parse(line.substring(key.length()).strip());
      }
    }
    throw new IOException("/proc/self/status has no " + key + " is /proc that of Linux?");
  }

  static List<Integer> parse(String list) {
    List<Integer> numbers = new ArrayList<>();
    for (String range : list.split(",", -1)) {
      String[] ends = range.split("-", 2);
      int from = Integer.parseInt(ends[0]);
      int to = ends.length == 1 ? from : Integer.parseInt(ends[1]);
      IntStream.rangeClosed(from, to).forEach(numbers::add);
    }
    return numbers;
  }
}
