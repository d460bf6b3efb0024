package hob.bench.transparency;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hob transparency}: whether commands behave abroad as they do at home. */
@Command(
    name = "hob transparency",
    description =
        "Plays each row of a table bare, abroad, moved twice and spread, and compares what is seen.",
    mixinStandardHelpOptions = true)
public final class Transparency implements Callable<Integer> {
  private static final String HEAD = "| row | what | abroad | moved | spread |";

  @Parameters(paramLabel = "ROW", description = "Which rows; * stands for anything (default: all).")
  private List<String> names = new ArrayList<>();

  @Option(names = "--list", description = "Only name the rows.")
  private boolean list;

  @Option(
      names = "--modes",
      split = ",",
      paramLabel = "MODE",
      description = "Of abroad, moved, spread (default: all).")
  private List<String> modes = new ArrayList<>();

  @Option(names = "--markdown", paramLabel = "FILE", description = "Write the table there.")
  private @Nullable Path markdown;

  @Option(names = "--logs", paramLabel = "DIR", description = "Leave the daemons' logs there.")
  private @Nullable Path logs;

  @Option(names = "--testbed", hidden = true)
  private String testbed = "transparency";

  private Transparency() {}

  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs it with these options; its exit status. */
  static int run(String... args) {
    return new CommandLine(new Transparency()).execute(args);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Set<Mode> wanted = EnumSet.noneOf(Mode.class);
    for (Mode mode : EnumSet.complementOf(EnumSet.of(Mode.BARE))) {
      if (modes.isEmpty() || modes.contains(mode.word())) {
        wanted.add(mode);
      }
    }
    List<String> table = new ArrayList<>(List.of(HEAD, "|---|---|---|---|---|"));
    int differ = 0;
    try (Stage stage = Stage.up(testbed)) {
      for (Map.Entry<String, String> row : stage.rows().entrySet()) {
        if (!wanted(row.getKey())) {
          continue;
        }
        if (list) {
          System.out.printf("%-24s %s%n", row.getKey(), row.getValue());
          continue;
        }
        String bare = stage.play(row.getKey(), Mode.BARE);
        String line = "| %s | %s".formatted(row.getKey(), row.getValue());
        for (Mode mode : EnumSet.complementOf(EnumSet.of(Mode.BARE))) {
          line += " | ";
          if (wanted.contains(mode)) {
            boolean same = compare(row.getKey(), bare, mode, stage.play(row.getKey(), mode));
            differ += same ? 0 : 1;
            line += same ? "same" : "DIFFERS";
          }
        }
        table.add(line + " |");
      }
      if (logs != null) {
        stage.copyLogs(logs);
      }
    }
    if (!list) {
      System.out.printf("%d rows, %d outcomes differ%n", table.size() - 2, differ);
    }
    if (markdown != null) {
      Files.write(markdown, table);
    }
    return differ == 0 && (list || table.size() > 2) ? 0 : 1;
  }

  private boolean wanted(String row) {
    return names.isEmpty()
        || names.stream().anyMatch(n -> row.matches(("\\Q" + n + "\\E").replace("*", "\\E.*\\Q")));
  }

  private static boolean compare(String row, String bare, Mode mode, String seen) {
    boolean failed = seen.contains("Traceback") || bare.contains("Traceback");
    boolean same = seen.equals(bare) && !failed;
    System.out.printf("%-28s %-7s %s%n", row, mode.word(), same ? "same" : "DIFFERS");
    if (!same) {
      List<String> there = Arrays.asList(seen.split("\n"));
      List<String> here = Arrays.asList(bare.split("\n"));
      here.stream().filter(l -> !there.contains(l)).forEach(l -> System.out.println("  - " + l));
      there.stream().filter(l -> !here.contains(l)).forEach(l -> System.out.println("  + " + l));
    }
    return same;
  }
}
