/**
 * Who is at the other end of a wire, how a wire ends, and what can go wrong with it.
 *
 * <p>Plain values without threads; the rest of the module and its users build on them.
 */
@NullMarked
package hob.wire.peer;

import org.jspecify.annotations.NullMarked;
