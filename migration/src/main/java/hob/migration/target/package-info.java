/**
 * The target's part in a move: make ready, receive and rebuild the tree, then let it run or remove
 * it as the home says.
 *
 * <p>{@link hob.migration.target.TargetState} has one record per state, whose methods are the steps
 * that are legal from it: only a {@linkplain hob.migration.target.TargetState.Prepared prepared}
 * tree can be resumed.
 *
 * <p>Threads: one worker carries a move from Prepare to Prepared. The reader thread that brings the
 * home's word lets the tree run itself, because the tree is frozen and waking another thread takes
 * longer than doing it.
 */
@NullMarked
package hob.migration.target;

import org.jspecify.annotations.NullMarked;
