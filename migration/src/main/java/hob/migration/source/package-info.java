/**
 * The source's part in a move: look the tree over, freeze it, send it, and give it up or let it run
 * on as the home says.
 *
 * <p>{@link hob.migration.source.SourceState} has one record per state, whose methods are the steps
 * that are legal from it. Only a tree {@linkplain hob.migration.source.SourceState.InDoubt in
 * doubt} can be left; until then the source may let it run on by itself, since the target lacks the
 * last byte.
 *
 * <p>Threads: each move's orders are carried out one after another by a worker; a reader thread
 * only hands them over, and breaks a transfer that is called off.
 */
@NullMarked
package hob.migration.source;

import org.jspecify.annotations.NullMarked;
