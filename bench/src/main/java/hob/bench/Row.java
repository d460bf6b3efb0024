package hob.bench;

import java.util.Locale;

/**
 * One line of a result.
 *
 * @param what was measured
 * @param figure the median
 * @param unit of the figure
 * @param against what it is compared with, and that one's figure
 * @param ratio of the two figures; above 1 when Hob's is the larger number
 * @param goal in words
 * @param holds whether the goal is reached; true where there is none
 */
public record Row(
    String what,
    double figure,
    String unit,
    String against,
    double ratio,
    String goal,
    boolean holds) {

  /** Compares with a base that is to be reached to a part, as throughput is. */
  public static Row ratioAtLeast(
      double least, String what, double figure, String unit, String base, double baseFigure) {
    double ratio = figure / baseFigure;
    return new Row(
        what,
        figure,
        unit,
        against(base, baseFigure, unit),
        ratio,
        "ratio >= " + number(least),
        ratio >= least);
  }

  /** Compares with a base that is not to be exceeded by more than a factor, as time is. */
  public static Row ratioAtMost(
      double most, String what, double figure, String unit, String base, double baseFigure) {
    double ratio = figure / baseFigure;
    return new Row(
        what,
        figure,
        unit,
        against(base, baseFigure, unit),
        ratio,
        "ratio <= " + number(most),
        ratio <= most);
  }

  /** Has a limit of its own; the base is there for comparison. */
  public static Row figureAtMost(
      double most, String what, double figure, String unit, String base, double baseFigure) {
    return new Row(
        what,
        figure,
        unit,
        against(base, baseFigure, unit),
        figure / baseFigure,
        "<= " + number(most) + " " + unit,
        figure <= most);
  }

  /** Is for information: no goal. */
  public static Row plain(String what, double figure, String unit, String base, double baseFigure) {
    return new Row(
        what, figure, unit, against(base, baseFigure, unit), figure / baseFigure, "none", true);
  }

  /** As one line of JSON. */
  public String toJson() {
    return String.format(
        Locale.ROOT,
        "{\"what\":%s,\"figure\":%s,\"against\":%s,\"ratio\":%s,\"goal\":%s,\"holds\":%b}",
        quote(what + " (" + unit + ")"),
        number(figure),
        quote(against),
        number(ratio),
        quote(goal),
        holds);
  }

  /** Three digits that mean something. */
  public static String number(double value) {
    if (Math.abs(value) >= 100) {
      return String.format(Locale.ROOT, "%.0f", value);
    }
    return String.format(Locale.ROOT, Math.abs(value) >= 10 ? "%.1f" : "%.2f", value);
  }

  private static String against(String base, double figure, String unit) {
    return base + ": " + number(figure) + " " + unit;
  }

  private static String quote(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
