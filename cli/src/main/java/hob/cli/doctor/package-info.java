/**
 * {@code hob doctor}: finds out what this kernel and set-up can and cannot do. A check tries the
 * thing itself where that has no effect on the machine, since versions and configurations lie.
 *
 * <p>Main thread only. Add a check to the list of its class; the command shows them in that order.
 */
@NullMarked
package hob.cli.doctor;

import org.jspecify.annotations.NullMarked;
