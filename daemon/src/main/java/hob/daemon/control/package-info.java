/**
 * What commands can ask of a daemon, over its unix socket or by way of another daemon.
 *
 * <p>The socket is open to everybody; SO_PEERCRED ({@code unix(7)}) says who asks. An ordinary user
 * may act on processes of his own, root on all. What a daemon asks in the name of a user is
 * believed: daemons have shown a certificate.
 *
 * <p>Threads: requests run on a pool, any number at a time.
 */
@NullMarked
package hob.daemon.control;

import org.jspecify.annotations.NullMarked;
