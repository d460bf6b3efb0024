package hob.cli.output;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Rows of one kind, as an aligned table or as JSON. Columns are described once for both.
 *
 * @param <T> what a row is about
 */
public final class Table<T> {
  /** Colours mean the same in all tables. */
  public enum Colour {
    NONE(""),
    GOOD("\033[32m"),
    DOUBTFUL("\033[33m"),
    BAD("\033[31m"),
    FAINT("\033[2m");

    private final String start;

    Colour(String start) {
      this.start = start;
    }

    private String paint(String text) {
      return this == NONE || text.isEmpty() ? text : start + text + "\033[0m";
    }
  }

  private enum Side {
    LEFT,
    RIGHT
  }

  private record Column<T>(
      String title,
      String key,
      Side side,
      Function<T, Object> value,
      Function<T, String> text,
      Function<T, Colour> colour) {}

  private static final String GAP = "  ";
  private static final String CUT = "…";

  private final List<Column<T>> columns = new ArrayList<>();

  /** A table without columns as yet. */
  public Table() {}

  /** A column of words; {@code key} is its name in JSON, and in capitals its title. */
  public Table<T> text(String key, Function<T, String> value) {
    return text(key, value, _ -> Colour.NONE);
  }

  /** A column of words in colours. */
  public Table<T> text(String key, Function<T, String> value, Function<T, Colour> colour) {
    return add(key, Side.LEFT, value::apply, value, colour);
  }

  /** A column of plain numbers. */
  public Table<T> number(String key, Function<T, Number> value) {
    return number(key, value, row -> String.valueOf(value.apply(row)));
  }

  /** A column of numbers that people see in another form, with a unit. */
  public Table<T> number(String key, Function<T, Number> value, Function<T, String> text) {
    return add(key, Side.RIGHT, value::apply, text, _ -> Colour.NONE);
  }

  private Table<T> add(
      String key,
      Side side,
      Function<T, Object> value,
      Function<T, String> text,
      Function<T, Colour> colour) {
    // Units belong to the JSON value; people see them in the text.
    String title = key.replaceFirst("_(bytes|millis|micros|nanos)$", "").replace('_', ' ');
    columns.add(
        new Column<>(title.toUpperCase(java.util.Locale.ROOT), key, side, value, text, colour));
    return this;
  }

  /** Prints rows for people; where the screen is narrow, the last column is cut. */
  public void print(List<T> rows, PrintWriter out, Screen screen) {
    List<List<String>> cells = new ArrayList<>();
    for (T row : rows) {
      cells.add(columns.stream().map(c -> printable(c.text.apply(row))).toList());
    }
    int last = columns.size() - 1;
    int[] widths = new int[columns.size()];
    int left = screen.width();
    for (int i = 0; i <= last; i++) {
      int column = i;
      widths[i] =
          Math.max(
              columns.get(i).title.length(),
              cells.stream().mapToInt(c -> c.get(column).length()).max().orElse(0));
      if (i < last) {
        left -= widths[i] + GAP.length();
      }
    }
    widths[last] = Math.min(widths[last], Math.max(left, columns.get(last).title.length()));
    Colour heading = screen.colour() ? Colour.FAINT : Colour.NONE;
    out.println(line(columns.stream().map(Column::title).toList(), widths, _ -> heading));
    for (int r = 0; r < rows.size(); r++) {
      T row = rows.get(r);
      out.println(
          line(
              cells.get(r),
              widths,
              i -> screen.colour() ? columns.get(i).colour.apply(row) : Colour.NONE));
    }
    out.flush();
  }

  private String line(List<String> cells, int[] widths, Function<Integer, Colour> colour) {
    StringBuilder line = new StringBuilder();
    int last = cells.size() - 1;
    for (int i = 0; i <= last; i++) {
      String cell = cells.get(i);
      if (cell.length() > widths[i]) {
        cell = cell.substring(0, widths[i] - CUT.length()) + CUT;
      }
      String padding = " ".repeat(widths[i] - cell.length());
      String painted = colour.apply(i).paint(cell);
      switch (columns.get(i).side) {
        case LEFT -> line.append(painted).append(i == last ? "" : padding);
        case RIGHT -> line.append(padding).append(painted);
      }
      line.append(i == last ? "" : GAP);
    }
    return line.toString().stripTrailing();
  }

  /** A command line may hold anything; a table has one line a row and no escape sequences. */
  private static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  /** Prints one JSON object a line. */
  public void printJson(List<T> rows, PrintWriter out) {
    for (T row : rows) {
      out.println(Json.of(object(row)));
    }
    out.flush();
  }

  /** A row for {@link Json}. */
  public Map<String, Object> object(T row) {
    Map<String, Object> object = new LinkedHashMap<>();
    columns.forEach(c -> object.put(c.key, c.value.apply(row)));
    return object;
  }

  /** One or the other, to standard output. */
  public void show(List<T> rows, boolean json, PrintWriter out) {
    if (json) {
      printJson(rows, out);
    } else {
      print(rows, out, Screen.standard());
    }
  }
}
