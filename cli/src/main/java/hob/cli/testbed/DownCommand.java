package hob.cli.testbed;

import hob.testbed.Testbed;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code hob testbed down}. */
@Command(name = "down", description = "Remove the hosts with all that runs on them.")
final class DownCommand implements Runnable {
  private final PrintWriter out;
  @Mixin private NameOption name = new NameOption();

  @Option(names = "--all", description = "All testbeds of this machine.")
  private boolean all;

  DownCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void run() {
    for (String each : all ? Testbed.names() : List.of(name.name())) {
      out.println(
          "testbed " + each + (Testbed.down(each) ? " is down" : ": there was nothing to remove"));
    }
  }
}
