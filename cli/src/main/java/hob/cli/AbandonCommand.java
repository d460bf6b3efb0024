package hob.cli;

import hob.wire.proto.AbandonReply;
import hob.wire.proto.AbandonRequest;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hob abandon PID}. */
@Command(
    name = "abandon",
    description =
        "Give up a process whose host is lost: its shadow ends, and so will it if it turns up.")
final class AbandonCommand implements Callable<Integer> {
  private final PrintWriter out;

  @Parameters(paramLabel = "PID", description = "A process of this host that runs elsewhere.")
  private int pid;

  @Option(
      names = "--home",
      paramLabel = "HOST",
      description = "PID is one of that host's, not of this one's.")
  private String home = "";

  AbandonCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public Integer call() throws DaemonException {
    AbandonRequest request = AbandonRequest.newBuilder().setPid(pid).setHome(home).build();
    try (Daemon daemon = Daemon.connect()) {
      AbandonReply reply = daemon.call(request, AbandonReply.class);
      out.println("session " + reply.getSession() + " is given up");
    }
    return ExitStatus.OK.number();
  }
}
