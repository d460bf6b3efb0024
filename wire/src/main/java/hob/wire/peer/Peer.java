package hob.wire.peer;

import java.net.SocketAddress;
import java.util.Optional;
import jdk.net.UnixDomainPrincipal;

/**
 * The other end of an open connection.
 *
 * @param info what it says about itself
 * @param address where it is
 * @param authenticated whether {@code info.name()} was proved by a certificate; false on plain and
 *     unix connections, where it is only claimed
 * @param principal the user and group at the other end of a unix socket (SO_PEERCRED, {@code
 *     unix(7)}); empty over a network
 */
public record Peer(
    HostInfo info,
    SocketAddress address,
    boolean authenticated,
    Optional<UnixDomainPrincipal> principal) {

  /** The peer's host name. */
  public String name() {
    return info.name();
  }
}
