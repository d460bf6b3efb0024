package hob.cli.process;

import hob.cli.control.ControlClient;
import hob.cli.output.Table;
import hob.cli.output.Table.Colour;
import hob.cli.output.Units;
import hob.wire.proto.HostLine;
import hob.wire.proto.HostsReply;
import hob.wire.proto.HostsRequest;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hob hosts}. */
@Command(
    name = "hosts",
    description = "List the hosts that this one knows, and how they are.",
    mixinStandardHelpOptions = true)
public final class HostsCommand implements Runnable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

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

  public HostsCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void run() {
    List<HostLine> hosts;
    try (ControlClient daemon = ControlClient.connect(HostsReply.getDefaultInstance())) {
      hosts =
          daemon.call(HostsRequest.getDefaultInstance(), HostsReply.class, PATIENCE).getHostsList();
    }
    table().show(hosts, json, out);
  }
}
