package hob.testbed;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What a host's daemon is told.
 *
 * @param name of the host
 * @param listen address and port for other daemons
 * @param peers the other hosts
 * @param tls directory of the host's certificate and key
 * @param state directory that outlives the daemon
 * @param control socket for commands, a path within the host
 * @param log file
 */
public record HostConfig(
    String name, String listen, List<Peer> peers, Path tls, Path state, Path control, Path log) {

  /**
   * Another host.
   *
   * @param address and port that its daemon listens on
   */
  public record Peer(String name, String address) {}

  /** As HOCON, which is what hobd reads. */
  public String toHocon() {
    String peerList =
        peers.stream()
            .map(p -> "    { name = " + quote(p.name) + ", address = " + quote(p.address) + " }\n")
            .collect(Collectors.joining());
    return """
    host {
      name = %s
      listen = %s
      peers = [
    %s  ]
    }
    tls.dir = %s
    state.dir = %s
    control.socket = %s
    log.file = %s
    """
        .formatted(
            quote(name),
            quote(listen),
            peerList,
            quote(tls.toString()),
            quote(state.toString()),
            quote(control.toString()),
            quote(log.toString()));
  }

  private static String quote(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
