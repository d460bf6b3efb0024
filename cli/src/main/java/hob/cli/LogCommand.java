package hob.cli;

import hob.cli.output.Json;
import hob.wire.proto.LogReply;
import hob.wire.proto.LogRequest;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hob log}. */
@Command(
    name = "log",
    description = "Print the latest events on this host: what came, what left, and why.")
final class LogCommand implements Callable<Integer> {
  private final PrintWriter out;

  @Option(names = "-n", paramLabel = "N", description = "How many (default: ${DEFAULT-VALUE}).")
  private int lines = 50;

  @Option(names = "--json", description = "Print one JSON object a line.")
  private boolean json;

  LogCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public Integer call() throws DaemonException {
    LogRequest request = LogRequest.newBuilder().setLines(lines).build();
    try (Daemon daemon = Daemon.connect()) {
      for (String line : daemon.call(request, LogReply.class).getLinesList()) {
        out.println(json ? Json.of(Map.of("line", line)) : line);
      }
    }
    return ExitStatus.OK.number();
  }
}
