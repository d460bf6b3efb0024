/** The migration protocol, the transfer strategies and the commit. */
@NullMarked
package hob.migration;

import org.jspecify.annotations.NullMarked;
