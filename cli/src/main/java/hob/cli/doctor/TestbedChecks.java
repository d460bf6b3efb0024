package hob.cli.doctor;

import hob.cli.doctor.Finding.Fine;
import hob.cli.doctor.Finding.Limited;
import hob.cli.doctor.Finding.Missing;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Programs, and what `hob testbed` makes its hosts of. */
final class TestbedChecks {
  /** Program and the package that has it. */
  private static final Map<String, String> TOOLS =
      new TreeMap<>(
          Map.of(
              "ip", "iproute2",
              "tc", "iproute2",
              "bridge", "iproute2",
              "unshare", "util-linux",
              "nsenter", "util-linux",
              "setsid", "util-linux",
              "mount", "mount"));

  private static final Map<String, String> EXTRA =
      new TreeMap<>(
          Map.of("script", "bsdutils", "gcc", "gcc", "python3", "python3", "xz", "xz-utils"));

  private TestbedChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("tools", "testbeds", () -> tools(TOOLS, true)),
        new Check("programs", "terminals on hosts, demo, tests", () -> tools(EXTRA, false)),
        new Check(
            "bridge and veth",
            "testbeds",
            () ->
                inNetwork(
                    "ip link add br0 type bridge && ip link add ve0 type veth peer name ve1",
                    "BRIDGE and VETH")),
        new Check(
            "token bucket",
            "link rates of testbeds",
            () ->
                inNetwork(
                    "ip link set lo up && tc qdisc add dev lo root tbf rate 1mbit burst 8k limit 8k",
                    "NET_SCH_TBF")),
        new Check("daemon", "everything but testbeds", TestbedChecks::daemon));
  }

  private static Finding tools(Map<String, String> wanted, boolean vital) {
    List<String> missing =
        wanted.keySet().stream().filter(tool -> !Facts.installed(tool)).sorted().toList();
    if (missing.isEmpty()) {
      return new Fine(String.join(" ", wanted.keySet()));
    }
    String detail = "no " + String.join(", ", missing);
    String mend =
        missing.stream()
            .map(tool -> String.valueOf(wanted.get(tool)))
            .distinct()
            .collect(Collectors.joining(" ", "apt-get install ", ""));
    return vital ? new Missing(detail, mend) : new Limited(detail, mend);
  }

  /** Tried in a network namespace that ends with the attempt. */
  private static Finding inNetwork(String script, String option) {
    return Facts.failure("unshare", "-n", "sh", "-c", script)
        .<Finding>map(
            said -> new Limited(said, "run it as root, or use a kernel with CONFIG_" + option))
        .orElseGet(() -> new Fine("works"));
  }

  private static Finding daemon() {
    return Facts.exists("/run/hob/hobd.sock")
        ? new Fine("/run/hob/hobd.sock is there")
        : new Limited("none on this host", "start it with: hob daemon");
  }
}
