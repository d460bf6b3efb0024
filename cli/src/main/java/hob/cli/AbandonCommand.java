package hob.cli.process;

import hob.cli.control.ControlClient;
import hob.wire.proto.AbandonReply;
import hob.wire.proto.AbandonRequest;
import java.io.PrintWriter;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hob abandon PID}. */
@Command(
    name = "abandon",
    description =
        "Give up a process whose host is lost: its shadow ends, and so will it if it turns up.",
    mixinStandardHelpOptions = true)
public final class AbandonCommand implements Runnable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final PrintWriter out;

  @Parameters(paramLabel = "PID", description = "A process of this host that runs elsewhere.")
  private int pid;

  @Option(
      names = "--home",
      paramLabel = "HOST",
      description = "PID is one of that host's, not of this one's.")
  private String home = "";

  public AbandonCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void run() {
    AbandonRequest request = AbandonRequest.newBuilder().setPid(pid).setHome(home).build();
    try (ControlClient daemon = ControlClient.connect(AbandonReply.getDefaultInstance())) {
      AbandonReply reply = daemon.call(request, AbandonReply.class, PATIENCE);
      out.println("session " + reply.getSession() + " is given up");
    }
  }
}
