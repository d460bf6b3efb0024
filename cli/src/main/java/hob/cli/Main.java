package hob.cli;

import hob.cli.doctor.DoctorCommand;
import hob.cli.output.CommandFailure;
import hob.cli.output.Screen;
import hob.cli.output.Table;
import hob.cli.output.WrongUse;
import hob.cli.testbed.TestbedCommand;
import hob.testbed.TestbedException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/**
 * Entry point of {@code hob}. Each subcommand is a class of its own.
 *
 * <p>The launcher script itself answers {@code test}, {@code daemon}, {@code build} and {@code
 * mvn}; they are in the footer so that {@code --help} tells of everything.
 */
@Command(
    name = "hob",
    description = "Moves ordinary Linux processes between machines while they run.",
    mixinStandardHelpOptions = true,
    version = Main.VERSION,
    synopsisSubcommandLabel = "COMMAND",
    footerHeading = "%nAlso, from the launcher:%n",
    footer = {
      "  test [MODULE|TEST]...  run all tests, or those of a module or class",
      "  daemon [OPTION]...     run hobd in the foreground",
      "  build                  build now, changed or not",
      "  mvn ARG...             run Maven with the right JDK"
    })
public final class Main implements Runnable {
  static final String VERSION = "hob 0.1.0-SNAPSHOT";

  private record Entry(String name, Function<PrintWriter, Object> command) {}

  /**
   * In the order of the help. Picocli takes milliseconds for each, so only what is asked for is
   * made.
   */
  private static final List<Entry> COMMANDS =
      List.of(
          new Entry("run", _ -> new RunCommand()),
          new Entry("adopt", AdoptCommand::new),
          new Entry("migrate", MigrateCommand::new),
          new Entry("abandon", AbandonCommand::new),
          new Entry("image", ImageCommand::line),
          new Entry("ps", PsCommand::new),
          new Entry("hosts", HostsCommand::new),
          new Entry("log", LogCommand::new),
          new Entry("testbed", TestbedCommand::line),
          new Entry("demo", _ -> new ProgramCommand.Demo()),
          new Entry("bench", _ -> new ProgramCommand.Bench()),
          new Entry("faults", _ -> new ProgramCommand.Faults()),
          new Entry("files", _ -> new ProgramCommand.Files()),
          new Entry("random", _ -> new ProgramCommand.RandomPrograms()),
          new Entry("stress", _ -> new ProgramCommand.Stress()),
          new Entry("programs", _ -> new ProgramCommand.RealPrograms()),
          new Entry("transparency", _ -> new ProgramCommand.Transparency()),
          new Entry("doctor", DoctorCommand::new),
          new Entry("version", VersionCommand::new));

  /** The launcher asks for nothing else so often, and nothing else needs no command. */
  private static final Set<String> NO_COMMAND = Set.of("-V", "--version");

  /** Words after these belong to another program, options and all. */
  private static final Set<String> PROGRAMS =
      Set.of(
          "run",
          "demo",
          "bench",
          "faults",
          "files",
          "random",
          "stress",
          "programs",
          "transparency");

  /** How the launcher makes the AOT cache: do what every start does, say nothing. */
  @Option(names = "--train", hidden = true)
  private boolean train;

  private final CommandLine line = new CommandLine(this);

  private Main(String[] args) {
    List<Entry> asked =
        COMMANDS.stream().filter(c -> args.length > 0 && c.name.equals(args[0])).toList();
    boolean none = args.length > 0 && NO_COMMAND.contains(args[0]);
    for (Entry entry : asked.isEmpty() && !none ? COMMANDS : asked) {
      Object made = entry.command.apply(line.getOut());
      CommandLine command = made instanceof CommandLine whole ? whole : new CommandLine(made);
      if (PROGRAMS.contains(entry.name)) {
        command.setUnmatchedOptionsArePositionalParams(true);
      }
      addHelp(command);
      line.addSubcommand(entry.name, command);
    }
    line.setParameterExceptionHandler(Main::sayWhatIsWrong);
    line.setExecutionExceptionHandler((e, command, _) -> sayWhatFailed(e, command));
  }

  /** Picocli's own mixin would add --version to each. */
  private static void addHelp(CommandLine command) {
    if (!PROGRAMS.contains(command.getCommandName())) {
      command
          .getCommandSpec()
          .addOption(
              OptionSpec.builder("-h", "--help")
                  .usageHelp(true)
                  .description("Show this help and exit.")
                  .build());
    }
    command.getSubcommands().values().forEach(Main::addHelp);
  }

  public static void main(String[] args) {
    System.exit(new Main(args).line.execute(args));
  }

  /** One line, not the whole usage: that would push the reason off the screen. */
  private static int sayWhatIsWrong(ParameterException wrong, String[] args) {
    CommandLine line = wrong.getCommandLine();
    String command = line.getCommandSpec().qualifiedName();
    line.getErr().printf("hob: %s; try: %s --help%n", wrong.getMessage(), command);
    return line.getCommandSpec().exitCodeOnInvalidInput();
  }

  private static int sayWhatFailed(Exception failed, CommandLine command) {
    switch (failed) {
      case WrongUse e -> {
        return sayWhatIsWrong(new ParameterException(command, e.getMessage(), e), new String[0]);
      }
      case DaemonException e -> {
        command.getErr().println("hob: " + e.getMessage());
        return e.status().number();
      }
      case CommandFailure e -> command.getErr().println("hob: " + e.getMessage());
      case TestbedException e -> command.getErr().println("hob: " + e.getMessage());
      default ->
          command
              .getErr()
              .println(
                  "hob: internal error: " + failed + "; HOB_DEBUG=1 shows where; please report it");
    }
    if (System.getenv("HOB_DEBUG") != null) {
      failed.printStackTrace(command.getErr());
    }
    return command.getCommandSpec().exitCodeOnExecutionException();
  }

  @Override
  public void run() {
    if (train) {
      PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
      line.usage(nowhere);
      new Table<String>().text("name", s -> s).print(List.of("x"), nowhere, Screen.standard());
      return;
    }
    line.usage(line.getOut());
  }

  /** {@code hob version}. */
  @Command(name = "version", description = "Print the version.")
  static final class VersionCommand implements Runnable {
    private final PrintWriter out;

    VersionCommand(PrintWriter out) {
      this.out = out;
    }

    @Override
    public void run() {
      out.printf(
          "%s, Java %s, Linux %s%n", VERSION, Runtime.version(), System.getProperty("os.version"));
    }
  }
}
