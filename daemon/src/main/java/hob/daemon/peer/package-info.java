/**
 * The other daemons: who they are, whether they are heard, and an ordered stream of messages to
 * each that survives the loss of a connection.
 *
 * <p>Either side may call the other; if both do, the connection that the host with the smaller name
 * called stays. What is sent gets a number and is kept until the other side says that it acted on
 * it; on a new connection both say how far they are, and the rest is sent again. So as long as both
 * daemons live a message arrives exactly once and in order. When one of them is restarted, what was
 * not confirmed to the old one goes to the new one: at least once then.
 *
 * <p>Lock order: the lock of whoever acts upon a message, then the peer's own lock, then the
 * connection's send lock; the lock of one peer is never taken under that of another's acting one
 * but to send.
 */
@NullMarked
package hob.daemon.peer;

import org.jspecify.annotations.NullMarked;
