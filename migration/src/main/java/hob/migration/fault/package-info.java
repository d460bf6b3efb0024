/**
 * Faults on demand at named points of the protocol, for tests.
 *
 * <p>A daemon whose configuration does not say {@code testing.faults = true} is given {@link
 * hob.migration.fault.Faults#NONE}, which does nothing.
 */
@NullMarked
package hob.migration.fault;

import org.jspecify.annotations.NullMarked;
