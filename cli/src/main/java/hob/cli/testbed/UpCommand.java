package hob.cli.testbed;

import hob.cli.output.Units;
import hob.cli.output.WrongUse;
import hob.testbed.CpuQuota;
import hob.testbed.DaemonSpec;
import hob.testbed.Host;
import hob.testbed.LinkRate;
import hob.testbed.Testbed;
import hob.testbed.TestbedSpec;
import java.io.PrintWriter;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code hob testbed up}. */
@Command(name = "up", description = "Make hosts h1, h2, ... and start a daemon on each.")
final class UpCommand implements Runnable {
  private final PrintWriter out;
  @Mixin private NameOption name = new NameOption();

  @Option(
      names = "--hosts",
      paramLabel = "N",
      description = "How many (default: ${DEFAULT-VALUE}).")
  private int hosts = 3;

  @Option(
      names = "--cpu",
      paramLabel = "Q",
      description = "Processors of each, such as 0.2 or 2 (default: ${DEFAULT-VALUE}).")
  private String cpu = "max";

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "Rate of each one's link, such as 100mbit (default: ${DEFAULT-VALUE}).")
  private String rate = "max";

  @Option(names = "--no-daemon", description = "Start no daemons.")
  private boolean noDaemon;

  @Option(
      names = "--separate",
      description = "Give each a /home, /tmp, /var and /etc/hostname of its own.")
  private boolean separate;

  UpCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void run() {
    TestbedSpec wanted =
        valid(s ->
            (separate ? s.withSeparateFiles() : s)
                .withName(name.name())
                .withHosts(hosts)
                .withCpu(CpuQuota.parse(cpu))
                .withRate(LinkRate.parse(rate))
                .withDaemon(noDaemon ? DaemonSpec.none() : s.daemon()));
    long start = System.nanoTime();
    Testbed testbed = Testbed.up(wanted);
    out.printf(
        "testbed %s is up in %s: %s%n",
        testbed.name(),
        Units.nanos(System.nanoTime() - start),
        testbed.hosts().stream().map(Host::name).collect(Collectors.joining(" ")));
  }

  /** What the spec does not take is wrong use. */
  private TestbedSpec valid(Function<TestbedSpec, TestbedSpec> change) {
    try {
      return change.apply(TestbedSpec.standard());
    } catch (IllegalArgumentException e) {
      throw new WrongUse(String.valueOf(e.getMessage()), e);
    }
  }
}
