package hob.testbed;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Makes a testbed whose name is claimed already. Hosts are made side by side. */
final class Construction {
  private static final int PORT = 4870;

  /** Pids of h1 start at 100,000, of h2 at 200,000; below 2^21, where the pids of homes end. */
  private static final int PIDS_PER_HOST = 100_000;

  private static final int MOST_DISTINCT_PIDS = 20;

  /** As many hosts as are made at a time. */
  private static final int WORKERS = 8;

  private static final Path CONTROL_SOCKET = Path.of("/run/hob/hobd.sock");

  private final TestbedSpec spec;
  private final Layout layout;
  private final Cgroups cgroups;
  private final List<String> names;
  private final int id;

  Construction(TestbedSpec spec, Layout layout) {
    this.spec = spec;
    this.layout = layout;
    this.cgroups = Cgroups.detect();
    this.names = IntStream.rangeClosed(1, spec.hosts()).mapToObj(i -> "h" + i).toList();
    this.id = NetworkId.take(spec.name());
    Layout.write(layout.run().resolve("id"), id);
  }

  /** Leaves all hosts up, and their daemons ready. */
  void run() {
    life().ifPresent(MakersLife::hold);
    Layout.write(layout.run().resolve("exec"), Resources.text("exec.sh"));
    Layout.write(layout.disk().resolve("enter"), Resources.text("enter.sh"));
    Layout.write(hostsFile(), hostsFileText());
    try (ExecutorService workers = Executors.newFixedThreadPool(WORKERS)) {
      try {
        // Making keys takes longer than making hosts.
        Future<?> prepared = workers.submit(this::prepareDaemons);
        Future<Switch> fabric = workers.submit(this::startSwitch);
        List<Switch.Cable> cables = inParallel(workers, names, this::startHost);
        fabric.get().connect(cables);
        inParallel(workers, cables, cable -> connect(fabric.resultNow(), cable));
        prepared.get();
        if (hasDaemons()) {
          inParallel(workers, names, this::startDaemon);
        }
      } catch (ExecutionException e) {
        throw e.getCause() instanceof TestbedException cause
            ? cause
            : new TestbedException("cannot make testbed '" + spec.name() + "': " + e, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new TestbedException("interrupted", e);
      } finally {
        workers.shutdownNow();
      }
    }
  }

  private static <T, R> List<R> inParallel(
      ExecutorService workers, List<T> items, Function<T, R> action)
      throws InterruptedException, ExecutionException {
    List<Future<R>> futures = new ArrayList<>();
    for (T item : items) {
      futures.add(workers.submit(() -> action.apply(item)));
    }
    List<R> results = new ArrayList<>();
    for (Future<R> future : futures) {
      results.add(future.get());
    }
    return results;
  }

  private Optional<Path> life() {
    return Optional.of(layout.life()).filter(fifo -> spec.endsWithMaker());
  }

  private Switch startSwitch() {
    Switch started = Switch.start(cgroups.create(spec.name() + "/switch"), life());
    Layout.write(layout.run().resolve("switch"), started.process());
    return started;
  }

  private Switch.Cable startHost(String host) {
    String group = spec.name() + "/" + host;
    List<Path> groups = cgroups.create(group);
    cgroups.limit(group, spec.cpu());
    int number = Layout.number(host);
    int firstPid = PIDS_PER_HOST * ((number - 1) % MOST_DISTINCT_PIDS + 1);
    Optional<Path> own =
        Optional.of(layout.disk(host).resolve("own")).filter(directory -> spec.separate());
    ProcessId init = Namespaces.start(host, firstPid, hostsFile(), groups, life(), own);
    Path run = layout.run(host);
    Layout.write(layout.disk(host).resolve("cgroups"), String.join("\n", Namespaces.lines(groups)));
    Layout.write(run.resolve("address"), NetworkId.address(id, number));
    Layout.write(run.resolve("cpu"), spec.cpu());
    Layout.write(run.resolve("rate"), spec.rate());
    Layout.write(run.resolve("link"), "up");
    Layout.write(run.resolve("init"), init); // last: now the host counts
    return new Switch.Cable(host, init);
  }

  private Host connect(Switch fabric, Switch.Cable cable) {
    Host host = new Host(layout, cable.host());
    host.network(
        "ip",
        """
        link set lo up
        addr add %s/24 dev eth0
        link set eth0 up
        """
            .formatted(host.address()));
    if (!spec.rate().unlimited()) {
      fabric.limit(cable.host(), spec.rate());
      host.network("tc", Switch.shaper("eth0", spec.rate()));
    }
    return host;
  }

  private boolean hasDaemons() {
    return !spec.daemon().command().isEmpty();
  }

  private void prepareDaemons() {
    if (hasDaemons()) {
      List<HostConfig> configs = names.stream().map(this::config).toList();
      DaemonSpec daemon =
          spec.separate() ? spec.daemon().withSetting("files.shared", "[]") : spec.daemon();
      configs.forEach(c -> Supervisor.install(layout.disk(c.name()), c, daemon));
      spec.daemon().preparation().prepare(configs);
    }
  }

  private Host startDaemon(String name) {
    Host host = new Host(layout, name);
    host.startDaemon();
    host.awaitDaemon(spec.daemon().readiness(), spec.daemon().readyWithin());
    return host;
  }

  private HostConfig config(String host) {
    Path disk = layout.disk(host);
    List<HostConfig.Peer> peers =
        names.stream()
            .filter(other -> !other.equals(host))
            .map(other -> new HostConfig.Peer(other, listenAddress(other)))
            .toList();
    return new HostConfig(
        host,
        listenAddress(host),
        peers,
        disk.resolve("tls"),
        disk.resolve("state"),
        CONTROL_SOCKET,
        disk.resolve("hobd.log"));
  }

  private String listenAddress(String host) {
    return NetworkId.address(id, Layout.number(host)) + ":" + PORT;
  }

  private Path hostsFile() {
    return layout.disk().resolve("hosts");
  }

  /** The machine's own /etc/hosts, so that it is the same on all hosts, and the hosts. */
  private String hostsFileText() {
    Path file = Path.of("/etc/hosts");
    return (Files.exists(file) ? Layout.read(file) + "\n" : "")
        + names.stream()
            .map(host -> NetworkId.address(id, Layout.number(host)) + " " + host)
            .collect(Collectors.joining("\n"));
  }
}
