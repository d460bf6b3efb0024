package hob.cli;

import hob.cli.output.Json;
import hob.wire.proto.AdoptReply;
import hob.wire.proto.AdoptRequest;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hob adopt PID}. */
@Command(name = "adopt", description = "Put a running process and its descendants under hob.")
final class AdoptCommand implements Callable<Integer> {
  private final PrintWriter out;

  @Parameters(paramLabel = "PID", description = "A process of this host.")
  private int pid;

  @Option(names = "--json", description = "Print a JSON object.")
  private boolean json;

  @Option(names = "--quiet", description = "Print nothing.")
  private boolean quiet;

  AdoptCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public Integer call() throws DaemonException {
    AdoptRequest request = AdoptRequest.newBuilder().setPid(pid).build();
    AdoptReply reply;
    try (Daemon daemon = Daemon.connect()) {
      reply = daemon.call(request, AdoptReply.class);
    }
    if (!quiet) {
      out.println(
          json
              ? Json.of(Map.of("pid", pid, "session", reply.getSession()))
              : pid + " is now in session " + reply.getSession());
    }
    return ExitStatus.OK.number();
  }
}
