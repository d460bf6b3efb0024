package hob.daemon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import hob.daemon.files.SharedPaths;
import hob.policy.Rules;
import hob.wire.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What a daemon is told. {@code reference.conf} in this module lists every key, with its default.
 *
 * @param name of this host, as other hosts know it
 * @param listen where other daemons reach this one
 * @param peers the other hosts, by name
 * @param tls directory with this host's certificate and key, and the authority's certificate
 * @param state directory that outlives the host's boots
 * @param run directory that outlives the daemon, not the boot; best in memory
 * @param control unix socket for commands
 * @param log file; empty for the standard error
 * @param logLevel the least level that is logged
 * @param silence a peer from which nothing comes for so long counts as gone; peers tell each other
 *     eight times as often that they live
 * @param lostAfter a home that is not heard for so long has its processes here frozen
 * @param nice value of the daemon's threads
 * @param warmUp whether to exercise the code at start, so that the first move is as fast as others
 * @param placement where commands run
 * @param shared files that all hosts have in common
 * @param hiddenCpuFlags CPU features that processes from elsewhere do not find here
 * @param foreignGroups where processes of other homes run, by hierarchy of control groups
 * @param faults whether tests may inject faults
 * @param protocol version that it says it speaks
 */
public record DaemonConfig(
    String name,
    InetSocketAddress listen,
    Map<String, InetSocketAddress> peers,
    Path tls,
    Path state,
    Path run,
    Path control,
    Path log,
    System.Logger.Level logLevel,
    Duration silence,
    Duration lostAfter,
    int nice,
    boolean warmUp,
    Placement placement,
    SharedPaths shared,
    Set<String> hiddenCpuFlags,
    Map<String, String> foreignGroups,
    boolean faults,
    int protocol) {
  /** Read when no other file is named; it need not exist. */
  public static final Path USUAL_FILE = Path.of("/etc/hob/hob.conf");

  private static final int PORT = 4627;

  /**
   * Where the commands of sessions of this home run.
   *
   * @param rules which commands may leave
   * @param slots jobs that a host takes at a time; a host that is not named takes one for each CPU
   */
  public record Placement(Rules rules, Map<String, Integer> slots) {
    public Placement {
      slots = Map.copyOf(slots);
    }

    private static Placement of(Config c) {
      Map<String, Integer> slots = new LinkedHashMap<>();
      c.getObject("slots").forEach((host, n) -> slots.put(host, number(n)));
      return new Placement(
          new Rules(
              c.getStringList("drivers"),
              c.getStringList("stay"),
              c.getStringList("go"),
              c.getStringList("brief")),
          slots);
    }

    private static int number(ConfigValue value) {
      try {
        return Integer.parseInt(value.unwrapped().toString());
      } catch (NumberFormatException e) {
        throw new ConfigException.WrongType(value.origin(), "placement.slots: not a number", e);
      }
    }
  }

  public DaemonConfig {
    peers = Map.copyOf(peers);
    hiddenCpuFlags = Set.copyOf(hiddenCpuFlags);
    foreignGroups = Map.copyOf(foreignGroups);
  }

  /**
   * Reads a file; what it does not say has a default. The environment goes first: {@code
   * CONFIG_FORCE_lost_after=3s} sets {@code lost.after}.
   *
   * @throws ConfigException with a line that says what is wrong and where
   */
  public static DaemonConfig load(Path file) throws IOException {
    Config defaults =
        ConfigFactory.parseResources(
            DaemonConfig.class.getClassLoader(), "hob/daemon/reference.conf");
    Config own =
        Files.exists(file)
            ? ConfigFactory.parseFile(
                file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false))
            : ConfigFactory.empty();
    Config c =
        ConfigFactory.systemEnvironmentOverrides()
            .withFallback(own)
            .withFallback(defaults)
            .resolve();
    Map<String, InetSocketAddress> peers = new LinkedHashMap<>();
    for (Config peer : c.getConfigList("host.peers")) {
      peers.put(peer.getString("name"), address(peer.getString("address")));
    }
    String name = c.getString("host.name");
    peers.remove(name.isEmpty() ? hostName() : name);
    return new DaemonConfig(
        name.isEmpty() ? hostName() : name,
        address(c.getString("host.listen")),
        peers,
        Path.of(c.getString("tls.dir")),
        Path.of(c.getString("state.dir")),
        Path.of(c.getString("run.dir")),
        Path.of(c.getString("control.socket")),
        Path.of(c.getString("log.file")),
        c.getEnum(System.Logger.Level.class, "log.level"),
        c.getDuration("peer.silence"),
        c.getDuration("lost.after"),
        c.getInt("nice"),
        c.getBoolean("warm-up"),
        Placement.of(c.getConfig("placement")),
        shared(c),
        Set.copyOf(c.getStringList("cpu.hide")),
        foreignGroups(c),
        c.getBoolean("testing.faults"),
        protocol(c.getInt("testing.protocol")));
  }

  private static Map<String, String> foreignGroups(Config c) {
    Map<String, String> all = new LinkedHashMap<>();
    c.getObject("cgroup.foreign")
        .forEach((hierarchy, directory) -> {
          String path = String.valueOf(directory.unwrapped());
          if (!path.startsWith("/") || path.contains("..")) {
            throw new ConfigException.BadValue(
                directory.origin(), "cgroup.foreign", "not a path from the root: " + path);
          }
          all.put(hierarchy, path);
        });
    return all;
  }

  private static SharedPaths shared(Config c) {
    try {
      return SharedPaths.of(c.getStringList("files.shared"));
    } catch (IllegalArgumentException e) {
      throw new ConfigException.BadValue(
          c.getValue("files.shared").origin(), "files.shared", String.valueOf(e.getMessage()), e);
    }
  }

  private static int protocol(int configured) {
    return configured == 0 ? Endpoint.PROTOCOL : configured;
  }

  private static String hostName() throws UnknownHostException {
    return InetAddress.getLocalHost().getHostName();
  }

  /** {@code host}, {@code host:port}, {@code [v6]:port} or {@code *:port}. */
  private static InetSocketAddress address(String text) {
    int colon = text.lastIndexOf(':');
    boolean hasPort = colon >= 0 && text.indexOf(']', colon) < 0 && text.indexOf(':') >= 0;
    String host = hasPort ? text.substring(0, colon) : text;
    int port = hasPort ? Integer.parseInt(text.substring(colon + 1)) : PORT;
    return host.equals("*") || host.isEmpty()
        ? new InetSocketAddress(port)
        : new InetSocketAddress(host.replace("[", "").replace("]", ""), port);
  }
}
