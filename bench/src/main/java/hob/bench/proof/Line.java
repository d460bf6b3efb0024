package hob.bench.proof;

import java.io.PrintStream;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A row of a table of programs.
 *
 * @param moved how often it was moved
 * @param why it did not pass; what a passing one is worth telling
 */
record Line(String name, Verdict verdict, int moved, String why) {
  private static final int MOST_WORDS = 160;

  /** The same for any pid, address or inode, and short enough for a table. */
  static String plain(String why) {
    String one =
        why.replaceAll("pid \\d+( cannot move)?: ", "")
            .replaceAll("\\s+", " ")
            .replaceAll("\\[\\d+]", "")
            .replaceAll("(?<=at )[0-9a-f]{6,}", "…")
            .replace("|", "/")
            .strip();
    return one.length() <= MOST_WORDS ? one : one.substring(0, MOST_WORDS - 1) + "…";
  }

  /** For people, as it happens. */
  void print(PrintStream out) {
    out.printf("%-20s %-7s moved %d  %s%n", name, verdict.word(), moved, why);
  }

  /** As a row of a {@link Table}. */
  String markdown() {
    return "| %s | %s | %d | %s |".formatted(name, verdict.word(), moved, why);
  }

  /** How many of each. */
  static String sums(Collection<Line> lines) {
    Map<Verdict, Long> counts = new EnumMap<>(Verdict.class);
    for (Verdict v : Verdict.values()) {
      counts.put(v, lines.stream().filter(l -> l.verdict == v).count());
    }
    return counts.entrySet().stream()
        .map(e -> e.getValue() + " " + e.getKey().name().toLowerCase(Locale.ROOT))
        .collect(Collectors.joining(", "));
  }
}
