package hob.cli;

import java.io.PrintWriter;
import java.io.Writer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/**
 * Entry point of {@code hob}. Each subcommand is a class of its own, named in {@link Command} here.
 *
 * <p>The launcher script itself answers {@code test}, {@code daemon}, {@code build} and {@code
 * mvn}; they are in the footer so that {@code --help} tells of everything.
 */
@Command(
    name = "hob",
    description = "Moves ordinary Linux processes between machines while they run.",
    mixinStandardHelpOptions = true,
    version = "hob 0.1.0-SNAPSHOT",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {},
    footerHeading = "%nAlso, from the launcher:%n",
    footer = {
      "  test [MODULE|TEST]...  run all tests, or those of a module or class",
      "  daemon [OPTION]...     run hobd in the foreground",
      "  build                  build now, changed or not",
      "  mvn ARG...             run Maven with the right JDK"
    })
public final class Main implements Runnable {
  /** How the launcher makes the AOT cache: do what every start does, say nothing. */
  @Option(names = "--train", hidden = true)
  private boolean train;

  private final CommandLine line =
      new CommandLine(this).setParameterExceptionHandler(Main::sayWhatIsWrong);

  private Main() {}

  public static void main(String[] args) {
    System.exit(new Main().line.execute(args));
  }

  /** One line, not the whole usage: that would push the reason off the screen. */
  private static int sayWhatIsWrong(ParameterException wrong, String[] args) {
    CommandLine line = wrong.getCommandLine();
    String command = line.getCommandSpec().qualifiedName();
    line.getErr().printf("hob: %s; try: %s --help%n", wrong.getMessage(), command);
    return line.getCommandSpec().exitCodeOnInvalidInput();
  }

  @Override
  public void run() {
    line.usage(train ? new PrintWriter(Writer.nullWriter()) : line.getOut());
  }
}
