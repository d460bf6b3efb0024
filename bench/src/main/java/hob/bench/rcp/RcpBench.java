package hob.bench.rcp;

import hob.bench.Bed;
import hob.bench.BenchContext;
import hob.bench.Benchmark;
import hob.bench.Row;
import hob.cli.DaemonException;
import hob.testbed.LinkRate;
import hob.testbed.TestbedSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A process copies 5 MB over TCP to another host and back: at home, and abroad, from where all goes
 * through its home.
 */
public final class RcpBench implements Benchmark {
  private static final double GOAL = 1.3;
  private static final int BYTES = 5_000_000;
  private static final int ROUNDS = 20;
  private static final int MEASURED = 10;
  private static final int PORT = 7600;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final String SERVER =
      """
      import socket, sys
      l = socket.socket()
      l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
      l.bind(('', int(sys.argv[1])))
      l.listen()
      size = int(sys.argv[2])
      while True:
        c = l.accept()[0]
        if c.recv(1) == b'g':
          c.sendall(bytes(size))
        else:
          n = 1
          while n < size:
            n += len(c.recv(1 << 20))
          c.sendall(b'k')
        c.close()
      """;

  /** Waits for a file, then writes how long each copy took, milliseconds. */
  private static final String CLIENT =
      """
      import os, socket, sys, time
      host, port, size, rounds, go = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
      while not os.path.exists(go):
        time.sleep(0.01)
      for what in ('put', 'get'):
        for i in range(rounds):
          start = time.perf_counter()
          s = socket.create_connection((host, port))
          if what == 'put':
            s.sendall(bytes(size))
            assert s.recv(1) == b'k'
          else:
            s.sendall(b'g')
            n = 0
            while n < size:
              n += len(s.recv(1 << 20))
          s.close()
          print(what, (time.perf_counter() - start) * 1e3, flush=True)
      print('done', flush=True)
      """;

  @Override
  public String name() {
    return "rcp";
  }

  @Override
  public String summary() {
    return "5 MB over TCP to another host and back, through the home's address";
  }

  @Override
  public List<Row> run(BenchContext context) throws IOException {
    List<Row> rows = new ArrayList<>();
    for (String rate : List.of("1gbit", "max")) {
      context.progress().accept("links of " + rate);
      try (Bed bed = Bed.up(linked(rate), Map.of())) {
        bed.host("h3")
            .spawn(
                List.of("python3", "-c", SERVER, String.valueOf(PORT), String.valueOf(BYTES)),
                Path.of("/dev/null"));
        List<String> home = copies(bed, "home");
        List<String> abroad = copies(bed, "h2");
        for (String what : List.of("put", "get")) {
          String text =
              "5 MB %s the other host, abroad, links of %s"
                  .formatted(what.equals("put") ? "to" : "from", rate);
          double there = median(abroad, what);
          double here = median(home, what);
          rows.add(
              rate.equals("max")
                  ? Row.plain(text, there, "ms", "at home", here)
                  : Row.ratioAtMost(GOAL, text, there, "ms", "at home", here));
        }
      } catch (DaemonException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
    return rows;
  }

  private static TestbedSpec linked(String rate) {
    return TestbedSpec.standard().withName("rcp-bench").withRate(LinkRate.parse(rate));
  }

  private static List<String> copies(Bed bed, String where) throws IOException, DaemonException {
    Path go = bed.directory().resolve("go-" + where);
    Path out = bed.directory().resolve("out-" + where);
    int pid =
        bed.start(
            out,
            List.of(
                "python3",
                "-c",
                CLIENT,
                bed.host("h3").address(),
                String.valueOf(PORT),
                String.valueOf(BYTES),
                String.valueOf(ROUNDS),
                go.toString()));
    if (!where.equals("home")) {
      bed.migrate(pid, where);
    }
    Files.createFile(go);
    Bed.await(PATIENCE, "copies", () -> text(out).endsWith("done\n"));
    return text(out).lines().toList();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Of the last ones, when all code is warm. */
  private static double median(List<String> lines, String what) {
    double[] all =
        lines.stream()
            .filter(line -> line.startsWith(what))
            .mapToDouble(line -> Double.parseDouble(line.substring(what.length())))
            .skip(ROUNDS - MEASURED)
            .toArray();
    return BenchContext.median(all);
  }
}
