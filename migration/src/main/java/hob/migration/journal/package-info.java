/**
 * What a daemon must still know after it died: the decisions of the moves whose home it is, and the
 * moves that it took as a target.
 *
 * <p>One file of text lines, each with its checksum, so that {@code cat} is the tool to look at it.
 * Appended to before anyone is told; a last line that was torn by a crash counts as never written.
 *
 * <p><b>Durability.</b> A line is in the kernel's page cache when {@link
 * hob.migration.journal.Journal#append} returns: it outlives the daemon, which is all that a
 * decision needs, since a session does not outlive the boot of its home (its shadows, its parent
 * and its terminal end with that kernel). The disk follows behind. Only the numbers that must never
 * be used twice, whatever happens, are on disk before the first of them is used.
 *
 * <p>Threads: any; the journal has one lock, under which nothing else is locked.
 */
@NullMarked
package hob.migration.journal;

import org.jspecify.annotations.NullMarked;
