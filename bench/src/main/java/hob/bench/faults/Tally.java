package hob.bench.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How all rounds went so far, kept in a file with a line a round, so that several runs add up. Any
 * thread.
 */
final class Tally {
  private final Path file;
  private final Map<String, Sum> sums = new LinkedHashMap<>();

  /** What the rounds of one case add up to. */
  static final class Sum {
    private int held;
    private int failed;
    private long millis;
    private final Map<String, Integer> ends = new TreeMap<>();

    int held() {
      return held;
    }

    int failed() {
      return failed;
    }

    long meanMillis() {
      return held == 0 ? 0 : millis / held;
    }

    /** Where processes ran in the end, how often. */
    Map<String, Integer> ends() {
      return ends;
    }
  }

  /** Reads what earlier runs wrote. */
  Tally(Path file) throws IOException {
    this.file = file;
    if (Files.exists(file)) {
      for (String line : Files.readAllLines(file)) {
        String[] words = line.split("\t", -1);
        if (words.length == 6) {
          count(words[0], Integer.parseInt(words[1]), words[3], Long.parseLong(words[4]));
        }
      }
    }
  }

  synchronized void held(FaultCase c, FaultMatrix.Outcome o) throws IOException {
    count(c.toString(), o.moves(), o.locations(), o.millis());
    write(c, o.moves(), "hold", o.locations(), o.millis(), o.answer());
  }

  synchronized void failed(FaultCase c, String problem) throws IOException {
    count(c.toString(), 0, "", 0);
    write(c, 0, "FAILS", "", 0, problem);
  }

  synchronized Sum of(FaultCase c) {
    return sums.getOrDefault(c.toString(), new Sum());
  }

  private void count(String name, int moves, String ends, long millis) {
    Sum s = sums.computeIfAbsent(name, _ -> new Sum());
    if (moves > 0) {
      s.held += moves;
      s.millis += millis;
      for (String end : ends.split(",")) {
        s.ends.merge(end, 1, Integer::sum);
      }
    } else {
      s.failed++;
    }
  }

  private void write(FaultCase c, int moves, String how, String ends, long millis, String said)
      throws IOException {
    String line =
        String.join(
            "\t", c.toString(), "" + moves, how, ends, "" + millis, said.replaceAll("\\s", " "));
    Files.write(file, List.of(line), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }
}
