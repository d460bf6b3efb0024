package hob.cli;

import hob.cli.output.Table;
import hob.cli.output.Table.Colour;
import hob.cli.output.Units;
import hob.wire.proto.HostLine;
import hob.wire.proto.HostsReply;
import hob.wire.proto.HostsRequest;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hob hosts}. */
@Command(name = "hosts", description = "List the hosts that this one knows, and how they are.")
final class HostsCommand implements Callable<Integer> {
  private final PrintWriter out;

  @Option(names = "--json", description = "Print one JSON object a line.")
  private boolean json;

  /** What the command prints. */
  static Table<HostLine> table() {
    return new Table<HostLine>()
        .text("name", HostLine::getName)
        .text("address", HostLine::getAddress)
        .text("state", HostLine::getState, HostsCommand::colour)
        .number("since_millis", HostLine::getSinceMillis, h -> Units.since(h.getSinceMillis()))
        .number(
            "round_trip_micros",
            HostLine::getRoundTripMicros,
            h -> h.getRoundTripMicros() == 0 ? "" : Units.nanos(h.getRoundTripMicros() * 1000))
        .number("guests", HostLine::getGuests)
        .text("problem", HostLine::getProblem);
  }

  private static Colour colour(HostLine host) {
    return switch (host.getState()) {
      case "here", "up" -> Colour.GOOD;
      case "silent" -> Colour.DOUBTFUL;
      default -> Colour.BAD;
    };
  }

  HostsCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public Integer call() throws DaemonException {
    List<HostLine> hosts;
    try (Daemon daemon = Daemon.connect()) {
      hosts = daemon.call(HostsRequest.getDefaultInstance(), HostsReply.class).getHostsList();
    }
    table().show(hosts, json, out);
    return ExitStatus.OK.number();
  }
}
