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
  private static final String LOOPBACK_ADDRESS = "127.0.0.1";
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
        TestbedSpec.standard()
            .withName("bench-" + NAME)
            .withHosts(2)
            .withDaemon(DaemonSpec.none())
            .endingWithMaker();
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
    List<Row> rows = new ArrayList<>();
    Host h1 = testbed.host("h1");
    Host h2 = testbed.host("h2");
    Rig rig = new Rig(context, certificates);
    try (Program _ = rig.sink(h2, h2.address(), Cores.half(false));
        Program source = rig.source(h1, h2.address(), Cores.half(true))) {
      warmUp(context, source);
      echo(context, source, "between hosts", rows);
      small(context, source, rows);
      throughput(context, source, rows, "no limit", LARGE_BYTES);
      limit(testbed, "10gbit");
      throughput(context, source, rows, "10gbit", LARGE_BYTES);
      limit(testbed, "1gbit");
      throughput(context, source, rows, "1gbit", SLOW_BYTES);
    }
    limit(testbed, "10gbit");
    try (Program _ = rig.sink(h2, h2.address(), Cores.ALL);
        Program source = rig.source(h1, h2.address(), Cores.ALL)) {
      warmUp(context, source);
      sharedCores(context, source, rows);
    }
    try (Program _ = rig.sink(h2, LOOPBACK_ADDRESS, Cores.one());
        Program source = rig.source(h2, LOOPBACK_ADDRESS, Cores.one())) {
      echo(context, source, LOOPBACK, rows);
    }
    return rows;
  }

  /** Starts the two programs. */
  private record Rig(BenchContext context, Path certificates) {
    Program sink(Host host, String address, Cores cores) throws IOException {
      return start(TransferSink.class, host, address, cores);
    }

    Program source(Host host, String address, Cores cores) throws IOException {
      return start(TransferSource.class, host, address, cores);
    }

    private Program start(Class<?> main, Host host, String address, Cores cores)
        throws IOException {
      return new Program(host, cores.bind(context.java(main, address, certificates.toString())));
    }
  }

  private static void limit(Testbed testbed, String rate) {
    testbed.setRate("h1", LinkRate.parse(rate));
    testbed.setRate("h2", LinkRate.parse(rate));
  }

  private static void warmUp(BenchContext context, Program source) throws IOException {
    context.progress().accept("warming up");
    inTurns(
        source,
        List.of("bare " + LARGE_BYTES, "tls " + LARGE_BYTES + " 1", "plain " + LARGE_BYTES + " 1"),
        WARM_UP_ROUNDS);
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
    List<String> jobs =
        List.of(
            "bare " + bytes,
            "tls " + bytes + " auto",
            "tls " + bytes + " 2",
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
    double two = megabytesPerSecond(bytes, medians[2]);
    rows.add(Row.plain(what + "TLS, 2 connections", two, "MB/s", "bare socket", bare));
    double plain = megabytesPerSecond(bytes, medians[3]);
    rows.add(Row.plain(what + "no TLS", plain, "MB/s", "bare socket", bare));
  }

  /** For comparison, what {@link Cores} is about. */
  private static void sharedCores(BenchContext context, Program source, List<Row> rows)
      throws IOException {
    context.progress().accept("throughput, both hosts on all cores");
    double[] medians =
        inTurns(source, List.of("bare " + LARGE_BYTES, "tls " + LARGE_BYTES + " auto"), ROUNDS);
    rows.add(
        Row.plain(
            "page stream, link 10gbit, TLS, hosts share all cores",
            megabytesPerSecond(LARGE_BYTES, medians[1]),
            "MB/s",
            "bare socket",
            megabytesPerSecond(LARGE_BYTES, medians[0])));
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
