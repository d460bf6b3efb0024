package hob.demo;

import hob.cli.Daemon;
import hob.cli.DaemonException;
import hob.testbed.Host;
import hob.testbed.Testbed;
import hob.wire.proto.MigrateReply;
import hob.wire.proto.MigrateRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** One program on its way through the hosts. Moved by a thread of its own, watched by another. */
final class Run implements Runnable {
  private static final long BETWEEN_NANOS = 700_000_000L;
  private static final int FAILURES_ALLOWED = 50;

  private final Program program;
  private final Testbed testbed;
  private final Path inputs;
  private final Path outputs;
  private final int offset;
  private final List<Long> freezes = new ArrayList<>();
  private volatile String where = "h1";
  private volatile String state = "starting";
  private final AtomicInteger moves = new AtomicInteger();
  private volatile long mostBytes;
  private volatile String trouble = "";

  Run(Program program, Testbed testbed, Path inputs, Path outputs, int offset) {
    this.program = program;
    this.testbed = testbed;
    this.inputs = inputs;
    this.outputs = outputs;
    this.offset = offset;
  }

  @Override
  public void run() {
    Host home = testbed.host("h1");
    List<Host> hosts = testbed.hosts();
    try (Daemon daemon = Daemon.connect(home.controlSocket())) {
      int pid = home.spawn(program.command(inputs, outputs), outputs.resolve("log"));
      state = "runs";
      int next = offset;
      int failures = 0;
      while (alive(home, pid) && failures < FAILURES_ALLOWED) {
        LockSupport.parkNanos(BETWEEN_NANOS);
        next = (next + 1) % hosts.size();
        if (hosts.get(next).name().equals(where)) {
          next = (next + 1) % hosts.size();
        }
        failures += move(daemon, pid, hosts.get(next).name(), home) ? 0 : 1;
      }
      state = "ended";
    } catch (DaemonException e) {
      trouble = String.valueOf(e.getMessage());
      state = "failed";
    }
  }

  private boolean move(Daemon daemon, int pid, String target, Host home) {
    if (!alive(home, pid)) {
      return true;
    }
    try {
      MigrateReply reply =
          daemon.call(
              MigrateRequest.newBuilder().setPid(pid).setTarget(target).build(),
              MigrateReply.class);
      where = reply.getTo();
      synchronized (freezes) {
        freezes.add(reply.getFreezeNanos());
      }
      mostBytes = Math.max(mostBytes, reply.getBytes());
      moves.incrementAndGet();
      return true;
    } catch (DaemonException e) {
      if (alive(home, pid)) {
        trouble = String.valueOf(e.getMessage());
        return false;
      }
      return true;
    }
  }

  /** Its pid at home is there, as a process or as a shadow, until the program has ended. */
  private static boolean alive(Host home, int pid) {
    Path stat = home.root().resolve("proc/" + pid + "/stat");
    try {
      String s = Files.readString(stat);
      char c = s.charAt(s.lastIndexOf(')') + 2);
      return c != 'Z' && c != 'X';
    } catch (IOException e) {
      return false;
    }
  }

  Program program() {
    return program;
  }

  String where() {
    return state.equals("runs") ? where : "-";
  }

  String state() {
    return state;
  }

  int moves() {
    return moves.get();
  }

  long mostBytes() {
    return mostBytes;
  }

  String trouble() {
    return trouble;
  }

  /** Median of the freeze times, nanoseconds; 0 without any. */
  long medianFreeze() {
    synchronized (freezes) {
      return freezes.isEmpty()
          ? 0
          : freezes.stream().sorted().skip(freezes.size() / 2).findFirst().orElse(0L);
    }
  }

  /** The longest, nanoseconds. */
  long longestFreeze() {
    synchronized (freezes) {
      return freezes.stream().mapToLong(Long::longValue).max().orElse(0);
    }
  }

  /** Whether the result is the same, byte for byte, as that of a run that was never moved. */
  boolean sameAs(Path reference) {
    try {
      Path mine = outputs.resolve("result");
      return Files.exists(mine)
          && Files.size(mine) > 0
          && Files.mismatch(mine, reference.resolve("result")) < 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
