package hob.testbed;

import java.io.File;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The daemon that each host runs.
 *
 * @param command its command line, in which {@code {config}} stands for the configuration file and
 *     {@code {host}} for the host's name; empty for hosts without a daemon
 * @param settings further lines of the configuration, key to HOCON value
 * @param environment added to the few variables that a service manager sets
 * @param preparation called once, before any daemon starts
 * @param readiness tells whether a daemon is at work
 * @param readyWithin how long {@link Testbed#up} waits for that
 */
public record DaemonSpec(
    List<String> command,
    Map<String, String> settings,
    Map<String, String> environment,
    Preparation preparation,
    Readiness readiness,
    Duration readyWithin) {

  private static final String MAIN = "hob.daemon.Main";

  /** Makes what all daemons need and the testbed does not know of, such as certificates. */
  @FunctionalInterface
  public interface Preparation {
    /** The files that {@code hosts} name are still missing; their directories are there. */
    void prepare(List<HostConfig> hosts);
  }

  /** Asked again and again, from any thread, until it says yes. */
  @FunctionalInterface
  public interface Readiness {
    /**
     * Whether the daemon is at work.
     *
     * @param controlSocket of the host, as a path of the caller's
     */
    boolean ready(Path controlSocket);
  }

  public DaemonSpec {
    command = List.copyOf(command);
    settings = Map.copyOf(settings);
    environment = Map.copyOf(environment);
  }

  /** Hosts without a daemon. */
  public static DaemonSpec none() {
    return of(List.of());
  }

  /** A daemon of the caller's own, ready as soon as its control socket takes connections. */
  public static DaemonSpec of(List<String> command) {
    return new DaemonSpec(
        command, Map.of(), Map.of(), _ -> {}, DaemonSpec::connectable, Duration.ofSeconds(60));
  }

  /**
   * hobd, on the Java and the class path of the caller, with certificates of the testbed's own
   * authority; ready when it says so. The launcher says in system properties which flags and which
   * AOT cache a daemon runs with.
   */
  public static DaemonSpec hobd() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    String flags =
        System.getProperty(
            "hob.daemon.flags", "-XX:+UseSerialGC --enable-native-access=ALL-UNNAMED");
    command.addAll(List.of(flags.trim().split("\\s+")));
    String cache = System.getProperty("hob.daemon.cache", "");
    if (Files.isReadable(Path.of(cache)) && !cache.isEmpty()) {
      command.add("-XX:AOTCache=" + cache);
    }
    command.add("-cp");
    command.add(classPath());
    command.addAll(List.of(MAIN, "--config", "{config}"));
    return of(command).withPreparation(Hobd::issueCertificates).withReadiness(Hobd::ready);
  }

  private static String classPath() {
    List<String> absolute = new ArrayList<>();
    for (String property : List.of("java.class.path", "jdk.module.path")) {
      for (String entry : System.getProperty(property, "").split(File.pathSeparator)) {
        if (!entry.isEmpty()) {
          absolute.add(Path.of(entry).toAbsolutePath().toString());
        }
      }
    }
    return String.join(File.pathSeparator, absolute);
  }

  static boolean connectable(Path controlSocket) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(controlSocket));
    } catch (IOException e) {
      return false; // not yet
    }
  }

  public DaemonSpec withSettings(Map<String, String> settings) {
    return new DaemonSpec(command, settings, environment, preparation, readiness, readyWithin);
  }

  /** With one more line of the configuration, unless that is set already. */
  DaemonSpec withSetting(String key, String value) {
    Map<String, String> all = new TreeMap<>(settings);
    all.putIfAbsent(key, value);
    return withSettings(all);
  }

  public DaemonSpec withEnvironment(Map<String, String> environment) {
    return new DaemonSpec(command, settings, environment, preparation, readiness, readyWithin);
  }

  public DaemonSpec withPreparation(Preparation preparation) {
    return new DaemonSpec(command, settings, environment, preparation, readiness, readyWithin);
  }

  public DaemonSpec withReadiness(Readiness readiness) {
    return new DaemonSpec(command, settings, environment, preparation, readiness, readyWithin);
  }

  public DaemonSpec withReadyWithin(Duration readyWithin) {
    return new DaemonSpec(command, settings, environment, preparation, readiness, readyWithin);
  }
}
