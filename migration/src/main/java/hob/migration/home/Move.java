package hob.migration.home;

import hob.migration.MoveId;

/**
 * One move as its home plans it.
 *
 * @param rootPid home pid of the tree's root
 * @param checkOnly go up to the freeze, then stay
 * @param again the home's daemon was restarted meanwhile
 */
public record Move(
    MoveId id,
    int rootPid,
    String source,
    String target,
    String strategy,
    boolean checkOnly,
    boolean again) {}
