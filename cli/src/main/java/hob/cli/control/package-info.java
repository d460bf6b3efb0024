/** Talks to the daemon on this host over its control socket; one connection for each command. */
@NullMarked
package hob.cli.control;

import org.jspecify.annotations.NullMarked;
