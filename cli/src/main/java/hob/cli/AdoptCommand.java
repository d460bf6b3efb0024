package hob.cli.process;

import hob.cli.control.ControlClient;
import hob.cli.output.Json;
import hob.wire.proto.AdoptReply;
import hob.wire.proto.AdoptRequest;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hob adopt PID}. */
@Command(
    name = "adopt",
    description = "Put a running process and its descendants under hob.",
    mixinStandardHelpOptions = true)
public final class AdoptCommand implements Runnable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final PrintWriter out;

  @Parameters(paramLabel = "PID", description = "A process of this host.")
  private int pid;

  @Option(names = "--json", description = "Print a JSON object.")
  private boolean json;

  @Option(names = "--quiet", description = "Print nothing.")
  private boolean quiet;

  public AdoptCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void run() {
    AdoptRequest request = AdoptRequest.newBuilder().setPid(pid).build();
    AdoptReply reply;
    try (ControlClient daemon = ControlClient.connect(AdoptReply.getDefaultInstance())) {
      reply = daemon.call(request, AdoptReply.class, PATIENCE);
    }
    if (!quiet) {
      out.println(
          json
              ? Json.of(Map.of("pid", pid, "session", reply.getSession()))
              : pid + " is now in session " + reply.getSession());
    }
  }
}
