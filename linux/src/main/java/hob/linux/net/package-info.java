/**
 * What a process abroad needs to use the network with its home's address: TUN devices, raw sockets,
 * routes and addresses by {@code rtnetlink(7)}, and programs of {@code bpf(2)} that take packets
 * out of a host's own way. Sockets and devices belong to the network namespace of the thread that
 * made them. Nothing here outlives the descriptors: a daemon that is killed leaves no device, no
 * program and no rule.
 */
@NullMarked
package hob.linux.net;

import org.jspecify.annotations.NullMarked;
