/**
 * Byte links: a blocking channel, plain or under TLS, and the handshake with which each begins.
 *
 * <p>A link has one reading thread and one writing thread at a time; the two may differ. Platform
 * threads only: the first operation of a virtual thread would switch the channel to non-blocking
 * mode for good, which doubles its latency.
 *
 * <p>Both ends start alike: the TLS handshake, then a preamble (a magic number and the protocol's
 * version) and a Hello, then a Verdict on the other's Hello. Whoever says no says why.
 */
@NullMarked
package hob.wire.link;

import org.jspecify.annotations.NullMarked;
