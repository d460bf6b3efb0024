/**
 * Faults on demand, for tests: links that break, stall or lag.
 *
 * <p>An endpoint that is given a {@link hob.wire.fault.LinkFaults} asks it on each read; one
 * without runs no code of this package.
 */
@NullMarked
package hob.wire.fault;

import org.jspecify.annotations.NullMarked;
