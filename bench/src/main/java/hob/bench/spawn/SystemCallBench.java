package hob.bench.spawn;

import hob.bench.BenchContext;
import hob.bench.Benchmark;
import hob.bench.Row;
import hob.bench.spawn.Spawning.Times;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What everyday calls cost a program that runs under hob, at home and abroad. */
public final class SystemCallBench implements Benchmark {
  private static final int COUNT = 2_000;
  private static final int WARM_UP = 200;

  /** Section 13 of the design. */
  private static final Call FORK = new Call("fork", "fork, exit and wait", 1.1);

  private static final Call TIME = new Call("time", "1,000 x clock_gettime", 1.05);
  private static final Call CALL = new Call("call", "1,000 x getppid", 0);

  private final String name;
  private final List<Call> calls;

  /** One to measure; with most 0 for information only. */
  private record Call(String mode, String what, double most) {
    Row row(String where, double figure, double bare) {
      String whole = what + ", " + where;
      return most == 0
          ? Row.plain(whole, figure, "us", "bare", bare)
          : Row.ratioAtMost(most, whole, figure, "us", "bare", bare);
    }
  }

  private SystemCallBench(String name, Call... calls) {
    this.name = name;
    this.calls = List.of(calls);
  }

  /** New processes. */
  public static SystemCallBench fork() {
    return new SystemCallBench("fork", FORK);
  }

  /** What enters the kernel and what does not. */
  public static SystemCallBench time() {
    return new SystemCallBench("gettime", TIME, CALL);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String summary() {
    return String.join("; ", calls.stream().map(Call::what).toList())
        + " under hob run, at home and abroad";
  }

  @Override
  public List<Row> run(BenchContext context) throws IOException, InterruptedException {
    List<Row> rows = new ArrayList<>();
    try (Spawning hosts = Spawning.up("bench-" + name, 2)) {
      for (Call call : calls) {
        context.progress().accept(call.what);
        hosts.underHob(call.mode, WARM_UP, 1);
        // Before and after, since the machine may be in another mood then.
        Times before = hosts.bare(call.mode, COUNT, 1);
        Times home = hosts.underHob(call.mode, COUNT, 1);
        Times abroad = hosts.abroad(call.mode, COUNT, 1);
        Times after = hosts.bare(call.mode, COUNT, 1);
        double bare = (before.median() + after.median()) / 2;
        rows.add(call.row("at home", home.median(), bare));
        rows.add(call.row("abroad", abroad.median(), bare));
      }
    }
    return rows;
  }
}
