package hob.bench.spawn;

import hob.bench.BenchContext;
import hob.bench.Benchmark;
import hob.bench.Row;
import hob.bench.spawn.Spawning.Times;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What it takes to start a program under hob, at home and on another host. */
public final class SpawnBench implements Benchmark {
  private static final int COUNT = 400;
  private static final int REMOTE_COUNT = 200;
  private static final int WARM_UP = 200;
  private static final List<Integer> AT_ONCE = List.of(1, 4, 16, 64);

  /** Section 13 of the design. */
  private static final double MOST_LOCAL = 1.3;

  private static final double MOST_REMOTE = 4;
  private static final double MOST_SSH = 0.2;

  public SpawnBench() {}

  @Override
  public String name() {
    return "spawn";
  }

  @Override
  public String summary() {
    return "starting programs under hob run: at home, abroad, many at once, beside ssh";
  }

  @Override
  public List<Row> run(BenchContext context) throws IOException, InterruptedException {
    List<Row> rows = new ArrayList<>();
    try (Spawning hosts = Spawning.up("bench-spawn", AT_ONCE.getLast())) {
      String here = hosts.here();
      String away = hosts.away();
      context.progress().accept("at home");
      Times bare = hosts.bare("exec", COUNT, 1, here);
      hosts.underHob("exec", WARM_UP, 1, here);
      Times under = hosts.underHob("exec", COUNT, 1, here);
      rows.add(
          Row.ratioAtMost(
              MOST_LOCAL,
              "start at home, absolute path",
              under.median(),
              "us",
              "bare",
              bare.median()));
      rows.add(Row.plain("the same, p99", under.p99(), "us", "bare", bare.p99()));
      Times barePath = hosts.bare("path", COUNT, 1, "true");
      Times underPath = hosts.underHob("path", COUNT, 1, "true");
      rows.add(
          Row.plain(
              "start at home, searched along PATH",
              underPath.median(),
              "us",
              "bare",
              barePath.median()));
      context.progress().accept("abroad");
      hosts.underHob("exec", WARM_UP, 1, away);
      Times remote = hosts.underHob("exec", REMOTE_COUNT, 1, away);
      rows.add(
          Row.ratioAtMost(
              MOST_REMOTE, "start on another host", remote.median(), "us", "bare", bare.median()));
      rows.add(Row.plain("the same, p99", remote.p99(), "us", "bare", bare.p99()));
      for (int workers : AT_ONCE.subList(1, AT_ONCE.size())) {
        context.progress().accept(workers + " at once");
        int each = Math.max(5, REMOTE_COUNT / workers);
        Times alone = hosts.bare("exec", each, workers, here);
        Times many = hosts.underHob("exec", each, workers, away);
        String what = "start on another host, %d at once".formatted(workers);
        rows.add(Row.plain(what, many.median(), "us", "bare", alone.median()));
        rows.add(Row.plain(what + ", p99", many.p99(), "us", "bare", alone.p99()));
      }
      Optional<SharedSsh> ssh =
          SharedSsh.start(hosts.host("h1"), hosts.host("h2"), hosts.directory());
      if (ssh.isEmpty()) {
        context.progress().accept("no sshd here: not compared with ssh");
        return rows;
      }
      context.progress().accept("ssh");
      try (SharedSsh connection = ssh.get()) {
        List<String> command = connection.command("/bin/true");
        hosts.bare("exec", REMOTE_COUNT / 10, 1, command.toArray(String[]::new));
        Times theirs = hosts.bare("exec", REMOTE_COUNT / 2, 1, command.toArray(String[]::new));
        rows.add(
            Row.ratioAtMost(
                MOST_SSH,
                "start on another host",
                remote.median(),
                "us",
                "ssh, shared connection",
                theirs.median()));
      }
    }
    return rows;
  }
}
