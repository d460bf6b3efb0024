/**
 * Hosts as namespaces on one machine, for demo, tests and benchmarks.
 *
 * <pre>
 *   Testbed.up(spec)                       what is where
 *     Removal      dead testbeds           Layout      files: /run/hob/testbed, /var/lib/hob/testbed
 *     NetworkId    10.77.N.0/24            Cgroups     hob-testbed/NAME/HOST: processor time, who belongs
 *     Construction                         Namespaces  pid 1 of each host (init.sh)
 *       Switch, Namespaces, Supervisor     Switch      bridge in its own network namespace, one port a host
 *   Host.exec, `hob testbed exec`          Supervisor  the daemon and its restarts (supervise.sh)
 *     exec.sh
 * </pre>
 *
 * A testbed belongs to no process: all of its state is in the kernel and in the files of {@link
 * hob.testbed.Layout}. So any program can use or remove it, and nothing is lost when one is killed.
 * The kernel gives most of the cleaning for free: a host is what hangs on its pid 1, and the
 * network is what hangs on the switch's process; kill those, and processes, mounts, interfaces and
 * namespaces are gone. Control groups and files are left, and tell which testbeds are stale.
 *
 * <p>Namespaces are made with util-linux's unshare(1) and nsenter(1), and interfaces with iproute2;
 * each takes a millisecond or two. Nothing here holds a lock: names are claimed by rename(2),
 * networks by symlink(2), and whoever changes a testbed writes its pid and start time there
 * meanwhile.
 */
@NullMarked
package hob.testbed;

import org.jspecify.annotations.NullMarked;
