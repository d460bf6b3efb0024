/**
 * What the three roles of a move say to each other, as sealed types.
 *
 * <p>The home talks to the source and to the target; source and target never talk to each other but
 * for the tree's bytes. {@link hob.migration.message.Codec} turns messages into those of {@code
 * migration.proto} and back. Immutable; no threads.
 */
@NullMarked
package hob.migration.message;

import org.jspecify.annotations.NullMarked;
