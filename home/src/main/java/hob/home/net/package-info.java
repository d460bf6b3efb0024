/**
 * The network of processes abroad. A session's sandbox has its home's addresses; what no socket of
 * the sandbox wants goes through a TUN device to the daemon there, over a connection to the home's
 * daemon, and from it into the home's own stack as if a process of the home had sent it. At the
 * home a program in front of the stack ({@link hob.linux.net.Diversion}) gives the daemon what is
 * for processes abroad: flows that began there, ports that they listen at, and whatever no socket
 * of the home wants, about which the daemon asks the hosts.
 *
 * <p>The engine calls {@link hob.home.net.HostNetwork}; the daemon carries frames. Threads: one
 * poller reads the TUN devices; frames come on the threads of connections. {@code HomeSide} has one
 * lock; nothing is sent while it is held.
 */
@NullMarked
package hob.home.net;

import org.jspecify.annotations.NullMarked;
