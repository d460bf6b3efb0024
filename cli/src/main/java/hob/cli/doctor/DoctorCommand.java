package hob.cli.doctor;

import hob.cli.output.Table;
import hob.cli.output.Table.Colour;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hob doctor}. */
@Command(
    name = "doctor",
    description = {
      "Say what this kernel and set-up can and cannot do, and how to mend it.",
      "Status 1 when something is missing."
    })
public final class DoctorCommand implements Callable<Integer> {
  private final PrintWriter out;

  @Option(names = "--json", description = "Print one JSON object a line.")
  private boolean json;

  public DoctorCommand(PrintWriter out) {
    this.out = out;
  }

  private record Line(String what, String state, String purpose, String detail, String mend) {
    static Line of(Check check) {
      return switch (find(check)) {
        case Finding.Fine(String detail) ->
            new Line(check.name(), "ok", check.purpose(), detail, "");
        case Finding.Limited(String detail, String mend) ->
            new Line(check.name(), "limited", check.purpose(), detail, mend);
        case Finding.Missing(String detail, String mend) ->
            new Line(check.name(), "missing", check.purpose(), detail, mend);
      };
    }

    /** A check that cannot be made tells as much as one that fails. */
    private static Finding find(Check check) {
      try {
        return check.probe().get();
      } catch (RuntimeException e) {
        return new Finding.Missing(String.valueOf(e.getMessage()), "");
      }
    }

    Colour colour() {
      return switch (state) {
        case "ok" -> Colour.GOOD;
        case "limited" -> Colour.DOUBTFUL;
        default -> Colour.BAD;
      };
    }
  }

  @Override
  public Integer call() {
    List<Line> lines =
        Stream.of(
                MachineChecks.all(), PrivilegeChecks.all(), KernelChecks.all(), TestbedChecks.all())
            .flatMap(List::stream)
            .map(Line::of)
            .toList();
    Table<Line> table =
        new Table<Line>()
            .text("what", Line::what)
            .text("state", Line::state, Line::colour)
            .text("purpose", Line::purpose)
            .text("detail", Line::detail);
    if (json) {
      table.text("mend", Line::mend).printJson(lines, out);
    } else {
      table.show(lines, false, out);
      // Below the table, where no terminal is too narrow for them.
      lines.stream()
          .filter(line -> !line.mend.isEmpty())
          .forEach(line -> out.println("To mend " + line.what + ": " + line.mend));
      out.flush();
    }
    return lines.stream().anyMatch(line -> line.state.equals("missing")) ? 1 : 0;
  }
}
