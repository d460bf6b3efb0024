package hob.bench.transfer;

import hob.bench.BenchContext;
import hob.bench.Benchmark;
import hob.bench.Row;
import hob.testbed.DaemonSpec;
import hob.testbed.Host;
import hob.testbed.LinkRate;
import hob.testbed.Testbed;
import hob.testbed.TestbedException;
import hob.testbed.TestbedSpec;
import hob.wire.bulk.BulkTransfers;
import hob.wire.tls.CertificateAuthority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Page streams against a bare socket: throughput at several link rates, and latency. */
public final class TransferBench implements Benchmark {
  private static final String NAME = "transfer";
  private static final String LOOPBACK = "over loopback, one core";
  private static final int ROUNDS = 7;
  private static final int WARM_UP_ROUNDS = 5;
  private static final int ECHOES = 5_000;
  private static final int SMALL_TRANSFERS = 2_000;
  private static final long LARGE_BYTES = 1L << 30;
  private static final long SLOW_BYTES = 128L << 20;
  private static final long SMALL_BYTES = 100_000;

  /** Section 13 of the design. */
  private static final double LEAST_RATIO = 0.80;

  private static final double MOST_SMALL_MICROS = 1_000;
  private static final double MOST_ECHO_MICROS = 25;

  public TransferBench() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String summary() {
    return "page streams against a bare socket, at several link rates";
  }

  @Override
  public List<Row> run(BenchContext context) throws IOException {
    Path certificates = Files.createTempDirectory("hob-bench");
    TestbedSpec spec =
        TestbedSpec.standard().withName("bench-" + NAME).withHosts(2).withDaemon(DaemonSpec.none());
    try (Testbed testbed = Testbed.up(spec)) {
      CertificateAuthority authority = CertificateAuthority.create();
      for (String host : List.of("h1", "h2")) {
        authority.issue(host).save(certificates.resolve(host));
      }
      return measure(context, testbed, certificates);
    } catch (TestbedException e) {
      throw new IOException(e.getMessage(), e);
    } finally {
      deleteAll(certificates);
    }
  }

  private static List<Row> measure(BenchContext context, Testbed testbed, Path certificates)
      throws IOException {
    Host h2 = testbed.host("h2");
    List<String> sink = context.java(TransferSink.class, h2.address(), certificates.toString());
    List<String> source = context.java(TransferSource.class, h2.address(), certificates.toString());
    List<Row> rows = new ArrayList<>();
    try (Program _ = new Program(h2, sink);
        Program program = new Program(testbed.host("h1"), source)) {
      context.progress().accept("warming up");
      for (int i = 0; i < WARM_UP_ROUNDS; i++) {
        for (String job : List.of("bare", "tls", "plain")) {
          program.run(job + " " + LARGE_BYTES + " 1");
        }
      }
      echo(context, program, "between hosts", rows);
      echoOnOneCore(context, h2, certificates, rows);
      small(context, program, rows);
      throughput(context, program, rows, "no limit", LARGE_BYTES);
      for (String rate : List.of("10gbit", "1gbit")) {
        testbed.setRate("h1", LinkRate.parse(rate));
        testbed.setRate("h2", LinkRate.parse(rate));
        throughput(context, program, rows, rate, rate.equals("1gbit") ? SLOW_BYTES : LARGE_BYTES);
      }
    }
    return rows;
  }

  /** With both programs on one core no idle core has to be woken, which hides all else. */
  private static void echoOnOneCore(
      BenchContext context, Host host, Path certificates, List<Row> rows) throws IOException {
    String address = "127.0.0.1";
    try (Program _ = new Program(host, pinned(context, TransferSink.class, address, certificates));
        Program program =
            new Program(host, pinned(context, TransferSource.class, address, certificates))) {
      echo(context, program, LOOPBACK, rows);
    }
  }

  private static List<String> pinned(
      BenchContext context, Class<?> main, String address, Path certificates) {
    List<String> command = new ArrayList<>(List.of("taskset", "-c", "0"));
    command.addAll(context.java(main, address, certificates.toString()));
    return command;
  }

  private static void echo(BenchContext context, Program program, String where, List<Row> rows)
      throws IOException {
    context.progress().accept("round trips " + where);
    List<String> jobs =
        Stream.of("bare-echo ", "tls-echo ", "plain-echo ").map(job -> job + ECHOES).toList();
    inTurns(program, jobs, 2);
    double[] medians = inTurns(program, jobs, ROUNDS);
    String what = "round trip of 64 bytes " + where;
    double bare = medians[0] / 1e3;
    double tls = medians[1] / 1e3;
    rows.add(
        where.equals(LOOPBACK)
            ? Row.figureAtMost(MOST_ECHO_MICROS, what + ", TLS", tls, "us", "bare socket", bare)
            : Row.plain(what + ", TLS", tls, "us", "bare socket", bare));
    rows.add(Row.plain(what + ", no TLS", medians[2] / 1e3, "us", "bare socket", bare));
  }

  private static void small(BenchContext context, Program program, List<Row> rows)
      throws IOException {
    context.progress().accept("small transfers");
    String bytes = " " + SMALL_BYTES + " 1";
    double[] medians = inTurns(program, List.of("bare" + bytes, "tls" + bytes), SMALL_TRANSFERS);
    rows.add(
        Row.figureAtMost(
            MOST_SMALL_MICROS,
            "transfer of 100 kB and 4 KiB of metadata, TLS",
            medians[1] / 1e3,
            "us",
            "bare socket",
            medians[0] / 1e3));
  }

  private static void throughput(
      BenchContext context, Program program, List<Row> rows, String rate, long bytes)
      throws IOException {
    context.progress().accept("throughput, link rate: " + rate);
    int several = BulkTransfers.connectionsFor(bytes);
    List<String> jobs =
        List.of(
            "bare " + bytes,
            "tls " + bytes + " " + several,
            "tls " + bytes + " 1",
            "plain " + bytes + " 1");
    inTurns(program, jobs, 1); // the congestion control gets to know the link
    double[] medians = inTurns(program, jobs, ROUNDS);
    double bare = megabytesPerSecond(bytes, medians[0]);
    String what = "page stream, link " + rate + ", ";
    boolean capped = !rate.equals("no limit");
    double tls = megabytesPerSecond(bytes, medians[1]);
    rows.add(
        capped
            ? Row.ratioAtLeast(LEAST_RATIO, what + "TLS", tls, "MB/s", "bare socket", bare)
            : Row.plain(what + "TLS", tls, "MB/s", "bare socket", bare));
    double one = megabytesPerSecond(bytes, medians[2]);
    rows.add(Row.plain(what + "TLS, 1 connection", one, "MB/s", "bare socket", bare));
    double plain = megabytesPerSecond(bytes, medians[3]);
    rows.add(Row.plain(what + "no TLS, 1 connection", plain, "MB/s", "bare socket", bare));
  }

  /** Runs each job so many times, in turns; returns their medians in nanoseconds. */
  private static double[] inTurns(Program program, List<String> jobs, int rounds)
      throws IOException {
    double[][] nanos = new double[jobs.size()][rounds];
    for (int round = 0; round < rounds; round++) {
      for (int job = 0; job < jobs.size(); job++) {
        nanos[job][round] = program.run(jobs.get(job));
      }
    }
    double[] medians = new double[jobs.size()];
    for (int job = 0; job < medians.length; job++) {
      medians[job] = BenchContext.median(nanos[job]);
    }
    return medians;
  }

  private static double megabytesPerSecond(long bytes, double nanos) {
    return bytes * 1e3 / nanos;
  }

  private static void deleteAll(Path dir) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(dir)) {
      all = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) {
      Files.delete(file);
    }
  }
}
