package hob.cli;

import hob.cli.output.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * {@code hob run CMD...} as far as the help goes: the launcher runs {@code libexec/hob-run}
 * instead, since that becomes CMD.
 */
@Command(
    name = "run",
    description = {
      "Run a command with this host as its home; what it starts may run on other hosts.",
      "",
      "  hob run [--on HOST] [--explain] [--] CMD...",
      "",
      "Exit status and signals are CMD's; 125 says that it was not run."
    },
    customSynopsis = "hob run [--on HOST] [--explain] [--] CMD...")
final class RunCommand implements Callable<Integer> {
  @Parameters(arity = "0..*", hidden = true)
  private List<String> words = List.of();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path root = Path.of(System.getProperty("hob.root", "/nonexistent"));
    Path script = root.resolve("libexec/hob-run");
    if (!Files.isExecutable(script)) {
      throw new CommandFailure("cannot find " + script + "; run the launcher: hob run");
    }
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(words);
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    builder.environment().put("HOB_ROOT", root.toString());
    return builder.start().waitFor();
  }
}
