/**
 * Which host a command runs on. Nothing here knows of processes, files or connections: what is to
 * be known of a command comes in as a {@link hob.policy.Command}, what is known of the hosts is in
 * {@link hob.policy.Slots}. The idea of drivers that stay and offered commands that go is Sprite's
 * pmake; that of a file of rules by name is LSF's.
 *
 * <p>Threads: all classes may be used by any.
 */
@NullMarked
package hob.policy;

import org.jspecify.annotations.NullMarked;
