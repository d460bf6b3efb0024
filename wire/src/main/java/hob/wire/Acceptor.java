package hob.wire;

import hob.wire.peer.Peer;
import hob.wire.peer.WireException;

/** Decides about peers that call. Called by the thread of the new connection; may block briefly. */
public interface Acceptor {
  /**
   * Admits a peer.
   *
   * @return who handles its messages; a new handler for each connection unless it keeps no state
   * @throws WireException.Refused to turn the peer away; it sees the reason
   */
  Handler admit(Peer peer) throws WireException.Refused;
}
