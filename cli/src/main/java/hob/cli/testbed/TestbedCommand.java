package hob.cli.testbed;

import hob.cli.output.WrongUse;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code hob testbed}. */
@Command(
    name = "testbed",
    description =
        "Hosts on this machine to try hob on: namespaces with a link and a CPU quota each.",
    synopsisSubcommandLabel = "COMMAND")
public final class TestbedCommand implements Runnable {
  private TestbedCommand() {}

  /** With its subcommands. */
  public static CommandLine line(PrintWriter out) {
    return new CommandLine(new TestbedCommand())
        .addSubcommand(new UpCommand(out))
        .addSubcommand(new ExecCommand())
        .addSubcommand(new StatusCommand(out))
        .addSubcommand(new LinkCommand())
        .addSubcommand(new DownCommand(out));
  }

  @Override
  public void run() {
    throw new WrongUse("say what to do: up, exec, status, link or down");
  }
}
