package hob.cli.testbed;

import hob.cli.output.Table;
import hob.cli.output.Table.Colour;
import hob.testbed.Host;
import hob.testbed.Testbed;
import java.io.PrintWriter;
import java.util.List;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code hob testbed status}. */
@Command(name = "status", description = "List the hosts and how they are.")
final class StatusCommand implements Runnable {
  private final PrintWriter out;
  @Mixin private NameOption name = new NameOption();

  @Option(names = "--json", description = "Print one JSON object a line.")
  private boolean json;

  private record Line(
      String testbed,
      String host,
      String address,
      String cpu,
      String rate,
      String link,
      String state,
      String daemon,
      long init,
      int processes) {

    static Line of(Testbed testbed, Host host) {
      boolean alive = host.alive();
      OptionalLong daemon = alive ? host.daemonPid() : OptionalLong.empty();
      return new Line(
          testbed.name(),
          host.name(),
          host.address(),
          host.cpu().toString(),
          host.rate().toString(),
          host.linkUp() ? "up" : "cut",
          alive ? "up" : "dead",
          daemon.isPresent() ? Long.toString(daemon.getAsLong()) : "none",
          alive ? host.init() : 0,
          host.processes().size());
    }
  }

  StatusCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void run() {
    Testbed testbed = Testbed.attach(name.name());
    List<Line> lines = testbed.hosts().stream().map(host -> Line.of(testbed, host)).toList();
    new Table<Line>()
        .text("testbed", Line::testbed)
        .text("host", Line::host)
        .text("address", Line::address)
        .text("cpu", Line::cpu)
        .text("rate", Line::rate)
        .text("link", Line::link, l -> l.link.equals("up") ? Colour.GOOD : Colour.BAD)
        .text("state", Line::state, l -> l.state.equals("up") ? Colour.GOOD : Colour.BAD)
        .text("daemon", Line::daemon, l -> l.daemon.equals("none") ? Colour.DOUBTFUL : Colour.NONE)
        .number("init", Line::init)
        .number("processes", Line::processes)
        .show(lines, json, out);
  }
}
