/**
 * {@code hob run}: programs of adopted sessions are caught in their execs and, where the rules
 * (module policy) say so, moved to other hosts before they run a single instruction.
 *
 * <ol>
 *   <li>{@link hob.daemon.exec.Reception} hears, over two FIFOs in the run directory, of shells
 *       that want to be adopted, and has them install the filter.
 *   <li>{@link hob.daemon.exec.Adoption}: one thread for each such session, which receives its
 *       execs and never blocks on anything else. A keeper process answers in its place when this
 *       daemon is gone.
 *   <li>{@link hob.daemon.exec.Dispatcher} decides; {@link hob.daemon.exec.Job} carries out what is
 *       to leave, on the daemon's pool.
 * </ol>
 */
@NullMarked
package hob.daemon.exec;

import org.jspecify.annotations.NullMarked;
