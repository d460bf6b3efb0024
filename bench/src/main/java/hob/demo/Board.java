package hob.demo;

import java.util.List;

/**
 * Where everything is, live: redrawn in place on a terminal, one line a change elsewhere. One
 * thread.
 */
final class Board {
  private final List<Run> runs;
  private final boolean terminal;
  private final long started = System.nanoTime();
  private String last = "";
  private boolean drawn;

  Board(List<Run> runs, boolean terminal) {
    this.runs = runs;
    this.terminal = terminal;
  }

  void draw() {
    if (terminal) {
      redraw();
      return;
    }
    StringBuilder line = new StringBuilder();
    for (Run r : runs) {
      line.append("%s:%-3s ".formatted(r.program().name(), r.where()));
    }
    if (!line.toString().equals(last)) {
      last = line.toString();
      System.out.printf("%6.1f s  %s%n", (System.nanoTime() - started) / 1e9, last);
      System.out.flush();
    }
  }

  private void redraw() {
    StringBuilder s = new StringBuilder();
    if (drawn) {
      s.append("\033[").append(runs.size() + 1).append('A');
    }
    drawn = true;
    s.append("\033[K%-10s %-8s %-6s %-6s %-6s %6s%n".formatted("", "", "h1", "h2", "h3", "moves"));
    for (Run r : runs) {
      s.append("\033[K%-10s %-8s ".formatted(r.program().name(), r.state()));
      for (String h : List.of("h1", "h2", "h3")) {
        s.append("%-6s ".formatted(r.where().equals(h) ? "●" : "·"));
      }
      s.append("%6d%n".formatted(r.moves()));
    }
    System.out.print(s);
    System.out.flush();
  }
}
