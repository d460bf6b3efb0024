package hob.bench.proof;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A table of programs in a Markdown file, which several runs may fill. */
final class Table {
  private static final String SUMS = "In all: ";

  private Table() {}

  /**
   * Writes rows into the table of their kind; made at the file's end when there is none. Other rows
   * and all else in the file stay, and rows are in the order of their names.
   *
   * @param kind of program, head of the first column
   */
  static void write(Path file, String kind, Collection<Line> lines) throws IOException {
    List<String> text = new ArrayList<>(Files.exists(file) ? Files.readAllLines(file) : List.of());
    String head = "| " + kind + " | result | moved | |";
    int at = text.indexOf(head);
    Map<String, String> rows = new TreeMap<>();
    if (at < 0) {
      if (!text.isEmpty()) {
        text.add("");
      }
      at = text.size();
    } else {
      text.subList(at, Math.min(at + 2, text.size())).clear();
      while (at < text.size() && text.get(at).startsWith("| ")) {
        rows.put(cell(text.get(at), 1), text.remove(at));
      }
      while (at < text.size() && (text.get(at).isBlank() || text.get(at).startsWith(SUMS))) {
        text.remove(at);
      }
    }
    lines.forEach(l -> rows.put(l.name(), l.markdown()));
    List<String> table = new ArrayList<>(List.of(head, "|---|---|---|---|"));
    table.addAll(rows.values());
    table.add("");
    table.add(SUMS + sums(rows.values()) + ".");
    if (at < text.size()) {
      table.add("");
    }
    text.addAll(at, table);
    Files.write(file, text);
  }

  private static String cell(String row, int number) {
    return row.split("\\|")[number].strip();
  }

  private static String sums(Collection<String> rows) {
    List<String> all = new ArrayList<>();
    for (Verdict v : Verdict.values()) {
      all.add(rows.stream().filter(r -> cell(r, 2).equals(v.word())).count() + " " + v.word());
    }
    return String.join(", ", all);
  }
}
