/**
 * Messages between hosts, and between commands and the daemon: one ordered connection for each
 * pair.
 *
 * <pre>
 *   Endpoint --connect, listen--> Connection --frames--> hob.wire.link (TLS or plain channel)
 *                                     |
 *                 reader thread: replies complete the caller's future,
 *                                all else goes to a Handler, in order
 * </pre>
 *
 * <p>Threads: each connection has one platform thread that reads and calls its {@link
 * hob.wire.Handler}; any thread may send. A handler must not block; {@link hob.wire.OrderedHandler}
 * moves the work to an executor and keeps what must stay in order. Send from platform threads, and
 * do not interrupt them while they do: NIO then closes the channel.
 *
 * <p>Locks: only a connection's send lock, a leaf, held while a frame is written.
 *
 * <p>Bulk data goes beside it over connections of its own: {@link hob.wire.bulk}.
 */
@NullMarked
package hob.wire;

import org.jspecify.annotations.NullMarked;
