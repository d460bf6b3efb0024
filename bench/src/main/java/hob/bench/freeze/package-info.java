/**
 * How long a process stands still while it moves: the least possible, and how it grows with each
 * kind of state.
 */
@NullMarked
package hob.bench.freeze;

import org.jspecify.annotations.NullMarked;
