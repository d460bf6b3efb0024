/**
 * Ways to move the contents of a tree's memory, one class each.
 *
 * <p>A strategy is called by the source while the tree is frozen. What it does before the freeze or
 * after the tree runs again (precopy, on-reference) will be further methods of the interface.
 */
@NullMarked
package hob.migration.transfer;

import org.jspecify.annotations.NullMarked;
