package hob.daemon;

import com.google.protobuf.Message;
import hob.cli.Daemon;
import hob.cli.DaemonException;
import hob.testbed.Host;
import hob.testbed.Testbed;
import hob.testbed.TestbedSpec;
import hob.wire.proto.FaultArmRequest;
import hob.wire.proto.FaultClearRequest;
import hob.wire.proto.FaultReply;
import hob.wire.proto.HostLine;
import hob.wire.proto.HostsReply;
import hob.wire.proto.HostsRequest;
import hob.wire.proto.MigrateReply;
import hob.wire.proto.MigrateRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;

/** Three hosts with real daemons, and the commands of their users. */
final class Bed implements AutoCloseable {
  static final String SITE = "/var/site";

  private final Testbed testbed;

  private Bed(Testbed testbed) {
    this.testbed = testbed;
  }

  /** Daemons that count a home as lost after 3 s, and in which faults may be armed. */
  static Bed up(String name) {
    return up(TestbedSpec.standard().withName(name));
  }

  /** The same, whose hosts share no files of users but those below {@link #SITE}, they think. */
  static Bed separate(String name) {
    TestbedSpec spec = TestbedSpec.standard().withName(name).withSeparateFiles();
    Map<String, String> settings = Map.of("files.shared", "[ \"" + SITE + "\" ]");
    return up(spec.withDaemon(spec.daemon().withSettings(settings)));
  }

  private static Bed up(TestbedSpec wanted) {
    Testbed.down(wanted.name());
    TestbedSpec spec = wanted.endingWithMaker();
    Map<String, String> environment =
        Map.of(
            "CONFIG_FORCE_testing_faults", "true",
            "CONFIG_FORCE_lost_after", "3s",
            "CONFIG_FORCE_warm__up", "false");
    Bed bed = new Bed(Testbed.up(spec.withDaemon(spec.daemon().withEnvironment(environment))));
    bed.awaitPeers();
    return bed;
  }

  Testbed testbed() {
    return testbed;
  }

  Host host(String name) {
    return testbed.host(name);
  }

  /** Waits until each daemon hears all others. */
  void awaitPeers() {
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(50))
        .until(() -> testbed.hosts().stream().allMatch(this::hearsAll));
  }

  private boolean hearsAll(Host host) {
    try {
      return ask(host.name(), HostsRequest.getDefaultInstance(), HostsReply.class)
          .getHostsList()
          .stream()
          .map(HostLine::getState)
          .noneMatch("down"::equals);
    } catch (DaemonException _) {
      return false;
    }
  }

  <T extends Message> T ask(String host, Message request, Class<T> reply) throws DaemonException {
    try (Daemon daemon = Daemon.connect(host(host).controlSocket())) {
      return daemon.call(request, reply);
    }
  }

  MigrateReply migrate(String on, int pid, String target) throws DaemonException {
    return ask(
        on, MigrateRequest.newBuilder().setPid(pid).setTarget(target).build(), MigrateReply.class);
  }

  void arm(String host, String point, FaultArmRequest.Action action, int millis) {
    try {
      ask(
          host,
          FaultArmRequest.newBuilder().setPoint(point).setAction(action).setMillis(millis).build(),
          FaultReply.class);
    } catch (DaemonException e) {
      throw new IllegalStateException(e);
    }
  }

  void disarm(String host) {
    try {
      ask(host, FaultClearRequest.getDefaultInstance(), FaultReply.class);
    } catch (DaemonException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Starts a program on a host; its pid there. */
  int start(String host, Path output, String... command) {
    return host(host).spawn(List.of(command), output);
  }

  /** The only child of a process, once it has one. */
  int childOf(String host, int parent) {
    return Integer.parseInt(
        Awaitility.await()
            .until(
                () ->
                    host(host)
                        .run("cat", "/proc/%d/task/%1$d/children".formatted(parent))
                        .output()
                        .strip(),
                children -> children.matches("\\d+")));
  }

  @Override
  public void close() {
    testbed.close();
  }
}
