package hob.cli;

import hob.cli.output.Json;
import hob.cli.output.Units;
import hob.wire.proto.MigrateReply;
import hob.wire.proto.MigrateRequest;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hob migrate PID HOST}. */
@Command(
    name = "migrate",
    description = "Move a process, and its descendants, to another host while it runs.",
    exitCodeListHeading = "Exit status:%n",
    exitCodeList = {
      "0:moved, or with --check: can move",
      "1:tried without success; it runs on where it was",
      "2:wrong command line",
      "3:no such process",
      "4:another user's process",
      "5:something of it cannot move",
      "6:it moves already, or is there already",
      "7:no such host",
      "8:a daemon that is needed does not answer"
    })
final class MigrateCommand implements Callable<Integer> {
  private final PrintWriter out;

  @Parameters(
      index = "0",
      paramLabel = "PID",
      description = "A process of this host, wherever it runs.")
  private int pid;

  @Parameters(index = "1", paramLabel = "HOST", description = "Where to, or: home.")
  private String target = "";

  @Option(names = "--check", description = "Only say whether it could move, and if not, why.")
  private boolean check;

  @Option(
      names = "--strategy",
      paramLabel = "S",
      description = "How its memory moves: eager (default).")
  private String strategy = "";

  @Option(
      names = "--home",
      paramLabel = "HOST",
      description = "PID is one of that host's, not of this one's.")
  private String home = "";

  @Option(names = "--json", description = "Print a JSON object.")
  private boolean json;

  MigrateCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public Integer call() throws DaemonException {
    MigrateRequest request =
        MigrateRequest.newBuilder()
            .setPid(pid)
            .setHome(home)
            .setTarget(target)
            .setStrategy(strategy)
            .setCheckOnly(check)
            .build();
    MigrateReply reply;
    try (Daemon daemon = Daemon.connect()) {
      reply = daemon.call(request, MigrateReply.class);
    }
    out.println(json ? Json.of(object(reply)) : sentence(reply));
    return ExitStatus.OK.number();
  }

  private Map<String, Object> object(MigrateReply reply) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("pid", reply.getPid());
    object.put("session", reply.getSession());
    object.put("from", reply.getFrom());
    object.put("to", reply.getTo());
    object.put("checked_only", check);
    object.put("freeze_nanos", reply.getFreezeNanos());
    object.put("total_nanos", reply.getTotalNanos());
    object.put("pages", reply.getPages());
    object.put("bytes", reply.getBytes());
    object.put("processes", reply.getProcesses());
    return object;
  }

  private String sentence(MigrateReply reply) {
    String processes =
        reply.getProcesses() == 1 ? "1 process" : reply.getProcesses() + " processes";
    if (check) {
      return "%d can move from %s to %s (%s)"
          .formatted(pid, reply.getFrom(), reply.getTo(), processes);
    }
    return "%d moved from %s to %s: frozen %s, total %s; %s, %d pages, %s"
        .formatted(
            pid,
            reply.getFrom(),
            reply.getTo(),
            Units.nanos(reply.getFreezeNanos()),
            Units.nanos(reply.getTotalNanos()),
            processes,
            reply.getPages(),
            Units.bytes(reply.getBytes()));
  }
}
