package hob.cli.process;

import hob.cli.control.ControlClient;
import hob.cli.output.Json;
import hob.wire.proto.LogReply;
import hob.wire.proto.LogRequest;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hob log}. */
@Command(
    name = "log",
    description = "Print the latest events on this host: what came, what left, and why.",
    mixinStandardHelpOptions = true)
public final class LogCommand implements Runnable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final PrintWriter out;

  @Option(names = "-n", paramLabel = "N", description = "How many (default: ${DEFAULT-VALUE}).")
  private int lines = 50;

  @Option(names = "--json", description = "Print one JSON object a line.")
  private boolean json;

  public LogCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void run() {
    LogRequest request = LogRequest.newBuilder().setLines(lines).build();
    try (ControlClient daemon = ControlClient.connect(LogReply.getDefaultInstance())) {
      for (String line : daemon.call(request, LogReply.class, PATIENCE).getLinesList()) {
        out.println(json ? Json.of(Map.of("line", line)) : line);
      }
    }
  }
}
