package hob.testbed;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The switch that the hosts are plugged into: a bridge in a network namespace of its own, so that
 * the machine's own interfaces, addresses and packet filters have no part in a testbed. One process
 * holds the namespace; what is in it goes when that process ends. Each host has a port of its name.
 *
 * @param process that holds the namespace
 */
record Switch(ProcessId process) {
  private static final String BRIDGE = "switch";

  /**
   * Makes it and returns once it forwards.
   *
   * @param life a FIFO with whose last writer it ends
   */
  static Switch start(List<?> cgroups, Optional<Path> life) {
    String script =
        """
        set -e
        for group in $1; do echo 0 >"$group/cgroup.procs"; done
        ip link add switch type bridge forward_delay 0
        ip link set switch up
        if [ -n "$2" ]; then set -- "$2" cat; else set -- /dev/null sleep infinity; fi
        fifo=$1
        shift
        setsid env -i "$@" <"$fifo" >/dev/null 2>&1 &
        echo "$!"
        """;
    String output =
        Command.run(
            List.of(
                "unshare",
                "-n",
                "/bin/sh",
                "-c",
                script,
                "switch",
                Namespaces.words(cgroups),
                life.map(Path::toString).orElse("")));
    return new Switch(
        ProcessId.of(Long.parseLong(output.strip()))
            .orElseThrow(() -> new TestbedException("the switch ended at once: " + output)));
  }

  /** Plugs a cable into each host; its end there is called eth0. */
  void connect(List<Cable> cables) {
    batch(
        "ip",
        cables.stream()
            .map(c ->
                """
                link add %1$s type veth peer name eth0 netns %2$d
                link set %1$s master %3$s up
                """
                    .formatted(c.host, c.init.pid(), BRIDGE))
            .collect(Collectors.joining()));
  }

  /**
   * A cable to a host.
   *
   * @param host its name
   * @param init its pid 1
   */
  record Cable(String host, ProcessId init) {}

  /**
   * Drops whatever goes to and comes from the host, without a word to it: nobody sees a carrier go.
   */
  void cut(String host) {
    portState(host, 0);
  }

  /** Forwards again. */
  void restore(String host) {
    portState(host, 3);
  }

  /** States as in if_bridge.h: 0 disabled, 3 forwarding. */
  private void portState(String host, int state) {
    // Not `ip link set ... type bridge_slave state`: it forwards again at once.
    batch("bridge", "link set dev " + host + " state " + state + "\n");
  }

  /** Sets the rate of what goes to the host; what comes from it is its own interface's affair. */
  void limit(String host, LinkRate rate) {
    batch("tc", shaper(host, rate));
  }

  /** Input of tc(8) that bounds what leaves through {@code device}. */
  static String shaper(String device, LinkRate rate) {
    return rate.unlimited()
        ? "qdisc replace dev " + device + " root noqueue\n"
        : "qdisc replace dev %s root tbf rate %dbit burst %d limit %d\n"
            .formatted(device, rate.bitsPerSecond(), rate.burstBytes(), rate.queueBytes());
  }

  private void batch(String tool, String input) {
    Command.run(
        input, List.of("nsenter", "-t", Long.toString(process.pid()), "-n", tool, "-batch", "-"));
  }
}
