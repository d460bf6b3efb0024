/**
 * hobd, the daemon of one host.
 *
 * <p>{@link hob.daemon.Hobd} puts the parts together: the engine that knows processes (module
 * home), the protocol (module migration), the connections to other daemons ({@link
 * hob.daemon.peer}) and the control socket ({@link hob.daemon.control}). It keeps no processes
 * alive and stops none: whatever happens to it, they run on, and the next daemon takes them up.
 *
 * <p>Threads: one reader for each connection, one dialer for each peer, one timer that never
 * blocks, and a pool for what does.
 */
@NullMarked
package hob.daemon;

import org.jspecify.annotations.NullMarked;
