/**
 * The files of homes between daemons: {@link hob.daemon.files.FileTraffic} has for each peer the
 * mounts of this host's files there, and the mounts of the peer's files here.
 *
 * <p>Everything goes over the ordered stream of {@link hob.daemon.peer.PeerLink}, which survives
 * the loss of a connection: so operations wait until the peer is heard again, notices and messages
 * about processes stay in order, and a mount lasts as long as both daemons.
 *
 * <p>A message about a process is acted upon only when what came before it has taken effect, on a
 * thread of its own: the reader of the connection must never wait for files, whose answers it
 * brings.
 */
@NullMarked
package hob.daemon.files;

import org.jspecify.annotations.NullMarked;
