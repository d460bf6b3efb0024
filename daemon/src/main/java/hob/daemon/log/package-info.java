/**
 * Where {@link java.lang.System.Logger} leads: one line for each event, to a file.
 *
 * <p>A hundred lines instead of a library, because daemon and commands share a class path and a
 * library that looks for its configuration would take longer than all the rest of a command.
 *
 * <p>Threads: any; the file has one lock, under which nothing else is locked.
 */
@NullMarked
package hob.daemon.log;

import org.jspecify.annotations.NullMarked;
