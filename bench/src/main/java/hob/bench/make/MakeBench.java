package hob.bench.make;

import hob.bench.Bed;
import hob.bench.BenchContext;
import hob.bench.Benchmark;
import hob.bench.Row;
import hob.testbed.Completed;
import hob.testbed.CpuQuota;
import hob.testbed.Host;
import hob.testbed.TestbedSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A parallel build over one to eight hosts of 0.2 CPU each, with their daemons in that. */
public final class MakeBench implements Benchmark {
  private static final double CPU = 0.2;
  private static final double LEAST_SPEED_UP = 7;
  private static final int MOST_HOSTS = 8;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Path HOB_RUN =
      Path.of(System.getProperty("hob.root", ".")).toAbsolutePath().resolve("libexec/hob-run");
  private static final String HOSTS = System.getenv().getOrDefault("HOB_BENCH_HOSTS", "1,2,4,8");
  private static final int JOBS =
      Integer.parseInt(System.getenv().getOrDefault("HOB_BENCH_JOBS", "16"));

  public MakeBench() {}

  @Override
  public String name() {
    return "make";
  }

  @Override
  public String summary() {
    return "make of %d C++ files on %s hosts of %s CPU each, beside distcc"
        .formatted(JOBS, HOSTS, CPU);
  }

  /** How long a build took, seconds: all of it, and the part whose jobs can run at once. */
  private record Times(double all, double parallel) {}

  @Override
  public List<Row> run(BenchContext context) throws IOException, InterruptedException {
    List<Row> rows = new ArrayList<>();
    Optional<Times> alone = Optional.empty();
    for (String word : HOSTS.split(",", -1)) {
      int hosts = Integer.parseInt(word);
      try (Bed bed = up(hosts)) {
        Times hob = build(bed, "hob", hosts, Map.of(), List.of(HOB_RUN.toString(), "--"), "g++");
        context.progress().accept("%d hosts: %.1f s".formatted(hosts, hob.all));
        Times one = alone.orElse(hob);
        alone = Optional.of(one);
        rows.add(row(hosts, "make under hob", "elapsed", hob.all, one.all, 0));
        double goal = hosts == MOST_HOSTS ? LEAST_SPEED_UP : 0;
        rows.add(row(hosts, "make under hob", "parallel part", hob.parallel, one.parallel, goal));
        if (hosts > 1 && Files.exists(Path.of("/usr/bin/distccd"))) {
          Times theirs = distcc(bed, hosts);
          rows.add(row(hosts, "make with distcc", "elapsed", theirs.all, one.all, 0));
          rows.add(
              row(hosts, "make with distcc", "parallel part", theirs.parallel, one.parallel, 0));
        }
      }
    }
    return rows;
  }

  /** The ratio is the speed-up. */
  private static Row row(
      int hosts, String how, String what, double seconds, double alone, double goal) {
    double speedUp = alone / seconds;
    return new Row(
        "%s on %d hosts: %s".formatted(how, hosts, what),
        seconds,
        "s",
        "on the first number of hosts, under hob: %s s".formatted(Row.number(alone)),
        speedUp,
        goal > 0 ? "speed-up >= " + Row.number(goal) : "none",
        speedUp >= goal);
  }

  private static Bed up(int hosts) throws IOException {
    Map<String, String> environment = new HashMap<>(Map.of("CONFIG_FORCE_warm__up", "false"));
    for (int h = 2; h <= hosts; h++) {
      environment.put("CONFIG_FORCE_placement_slots_h" + h, "1");
    }
    TestbedSpec spec =
        TestbedSpec.standard().withName("bench-make").withHosts(hosts).withCpu(new CpuQuota(CPU));
    Bed bed = Bed.up(spec, environment);
    Path probe = bed.directory().resolve("probe");
    Project.write(probe, 1);
    // Every host is used once, so that its daemon has run what a job takes.
    for (int h = 2; h <= hosts; h++) {
      String line =
          HOB_RUN + " --explain --on h" + h + " g++ -E " + probe.resolve("main.cc") + " 2>&1 | cat";
      String said = ": h" + h + "\n";
      Bed.await(
          PATIENCE,
          "a command to go",
          () -> bed.host("h1").run("sh", "-c", line).output().contains(said));
    }
    return bed;
  }

  private static Times build(
      Bed bed,
      String name,
      int hosts,
      Map<String, String> environment,
      List<String> prefix,
      String compiler)
      throws IOException {
    Path directory = bed.directory().resolve(name);
    Project.write(directory, JOBS);
    long start = System.nanoTime();
    make(bed, environment, prefix, "-j" + hosts, directory, "objects", compiler);
    long middle = System.nanoTime();
    make(bed, environment, prefix, "-j1", directory, "program", compiler);
    return new Times((System.nanoTime() - start) / 1e9, (middle - start) / 1e9);
  }

  private static void make(
      Bed bed,
      Map<String, String> environment,
      List<String> prefix,
      String jobs,
      Path directory,
      String target,
      String compiler)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("env"));
    environment.forEach((k, v) -> command.add(k + "=" + v));
    command.addAll(prefix);
    command.addAll(
        List.of("make", "-s", jobs, "-C", directory.toString(), "CXX=" + compiler, target));
    Completed done = bed.host("h1").run(command.toArray(String[]::new));
    if (done.status() != 0) {
      throw new IOException(
          "make: exit status %d: %s".formatted(done.status(), done.error().strip()));
    }
  }

  private static Times distcc(Bed bed, int hosts) throws IOException {
    List<Host> helpers = bed.hosts().subList(1, hosts);
    for (Host helper : helpers) {
      helper.spawn(
          List.of(
              "distccd",
              "--no-detach",
              "--daemon",
              "--jobs",
              "1",
              "--allow",
              "0.0.0.0/0",
              "--enable-tcp-insecure"),
          bed.directory().resolve("distccd-" + helper.name()));
    }
    String all =
        Stream.concat(Stream.of("localhost/1"), helpers.stream().map(h -> h.address() + "/1"))
            .collect(Collectors.joining(" "));
    Map<String, String> environment =
        Map.of("DISTCC_HOSTS", all, "DISTCC_DIR", bed.directory().resolve("distcc").toString());
    return build(bed, "distcc-build", hosts, environment, List.of(), "distcc g++");
  }
}
