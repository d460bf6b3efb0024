/**
 * Migration of sessions between hosts: protocol, transfer, commit.
 *
 * <p>A move has three roles, which may fall together on two hosts: the {@linkplain
 * hob.migration.home home} of the session decides, the {@linkplain hob.migration.source source} has
 * the tree, the {@linkplain hob.migration.target target} is to have it. {@link
 * hob.migration.Migration} is all roles of one host; the daemon gives it an {@link hob.home.Engine}
 * that knows processes and {@link hob.migration.Wires} that know hosts.
 *
 * <h2>What holds</h2>
 *
 * <ul>
 *   <li>At any moment at most one host runs the tree. A source gives up its copy, and a target runs
 *       its own, only on the home's word; a source may let its copy run on by itself until it has
 *       sent the last byte, without which no target is ever ready.
 *   <li>Before the home's journal says <i>committed</i> every failure that the home hears of ends
 *       with the tree running at the source. After it, at the target; but if the target says that
 *       it has no such copy and never let one run, the home decides anew, for the source.
 *   <li>A copy whose home is not heard stands frozen until it is. Nothing guesses.
 *   <li>If the target says that it let the tree run and has it no more (it was rebooted, say), the
 *       session is lost: its shadows end as if killed.
 *   <li>A session does not outlive the boot of its home.
 *   <li>Incarnations come from one counter per home that never goes back. A target refuses an
 *       incarnation that is not larger than all that it knows of a session; a copy that asks about
 *       one that is not the committed one is told to go.
 * </ul>
 *
 * <p>One window is left: a target whose machine fails between letting a tree run and the home's
 * hearing of it, and which then says that it never ran it because its journal's page was not on the
 * disk yet. Then the source's copy runs on, and what the tree did in that window is done twice.
 */
@NullMarked
package hob.migration;

import org.jspecify.annotations.NullMarked;
