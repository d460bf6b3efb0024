package hob.wire.link;

import hob.wire.peer.Peer;
import hob.wire.proto.Hello;

/**
 * A link that both sides want.
 *
 * @param peer who is at the other end
 * @param kind what it is for
 * @param dialed whether this side called
 */
public record OpenLink(Link link, Peer peer, Hello.Kind kind, boolean dialed) {}
