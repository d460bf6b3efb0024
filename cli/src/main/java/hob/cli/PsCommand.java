package hob.cli;

import hob.cli.output.Table;
import hob.cli.output.Table.Colour;
import hob.cli.output.Units;
import hob.wire.proto.ProcessLine;
import hob.wire.proto.PsReply;
import hob.wire.proto.PsRequest;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hob ps}. */
@Command(name = "ps", description = "List the processes under hob, with where each runs.")
final class PsCommand implements Callable<Integer> {
  private final PrintWriter out;

  @Option(names = "--json", description = "Print one JSON object a line.")
  private boolean json;

  /** What the command prints. */
  static Table<ProcessLine> table() {
    return new Table<ProcessLine>()
        .text("session", ProcessLine::getSession)
        .number("pid", ProcessLine::getPid)
        .number("ppid", ProcessLine::getPpid)
        .text("home", ProcessLine::getHome)
        .text(
            "host",
            ProcessLine::getHost,
            p -> p.getHost().equals(p.getHome()) ? Colour.NONE : Colour.GOOD)
        .text("state", ProcessLine::getState)
        .number("cpu_millis", ProcessLine::getCpuMillis, p -> Units.cpuTime(p.getCpuMillis()))
        .number("rss_bytes", ProcessLine::getRssBytes, p -> Units.bytes(p.getRssBytes()))
        .text("command", ProcessLine::getCommand);
  }

  PsCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public Integer call() throws DaemonException {
    List<ProcessLine> processes;
    try (Daemon daemon = Daemon.connect()) {
      PsReply reply = daemon.call(PsRequest.getDefaultInstance(), PsReply.class);
      processes =
          reply.getProcessesList().stream()
              .sorted(
                  Comparator.comparing(ProcessLine::getHome).thenComparingInt(ProcessLine::getPid))
              .toList();
    }
    table().show(processes, json, out);
    return ExitStatus.OK.number();
  }
}
