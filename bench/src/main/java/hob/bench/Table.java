package hob.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** Prints rows for people. */
final class Table {
  private static final List<String> HEAD =
      List.of("what", "figure", "against what", "ratio", "goal", "holds");

  private Table() {}

  static void print(List<Row> rows, PrintStream out) {
    List<List<String>> cells = new ArrayList<>();
    cells.add(HEAD);
    for (Row row : rows) {
      cells.add(
          List.of(
              row.what(),
              Row.number(row.figure()) + " " + row.unit(),
              row.against(),
              Row.number(row.ratio()),
              row.goal(),
              row.holds() ? "yes" : "NO"));
    }
    for (List<String> line : cells) {
      StringBuilder text = new StringBuilder();
      for (int column = 0; column < HEAD.size(); column++) {
        int index = column;
        int width = cells.stream().mapToInt(c -> c.get(index).length()).max().orElse(0);
        text.append(line.get(column)).repeat(' ', width - line.get(column).length() + 2);
      }
      out.println(text.toString().stripTrailing());
    }
  }
}
