/**
 * Carries packets of processes abroad between daemons: a connection each way, apart from the one
 * for messages, so that bulk data does not delay what the daemons tell each other. What cannot be
 * sent is dropped, as networks do. Each connection has a thread that writes.
 */
@NullMarked
package hob.daemon.net;

import org.jspecify.annotations.NullMarked;
