package hob.cli.testbed;

import hob.testbed.Testbed;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code hob testbed exec}; the launcher does it without a JVM, where there is a launcher. */
@Command(
    name = "exec",
    description = {
      "Run a command (or a shell) on a host as a user there would, like ssh: streams, terminal,",
      "environment, working directory, signals and exit status pass through."
    })
final class ExecCommand implements Callable<Integer> {
  @Mixin private NameOption name = new NameOption();

  @Parameters(index = "0", paramLabel = "HOST", description = "Where.")
  private String host = "";

  @Parameters(index = "1..*", paramLabel = "COMMAND", description = "What.")
  private List<String> command = new ArrayList<>();

  @Override
  public Integer call() throws InterruptedException {
    return Testbed.attach(name.name())
        .host(host)
        .exec(command, ProcessBuilder::inheritIO)
        .waitFor();
  }
}
