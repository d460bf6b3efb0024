/**
 * What becomes of a process when daemons die and links are cut at each point of a move.
 *
 * <p>Each case moves a process that writes consecutive numbers to a file, strikes, waits until all
 * is mended, and checks: the numbers go on without gap or repetition, so the process ran on exactly
 * one side; its parent gets its exit status; nothing of it is left anywhere.
 */
@NullMarked
package hob.bench.faults;

import org.jspecify.annotations.NullMarked;
