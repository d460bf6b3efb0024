/** Commands about processes and hosts: each asks the daemon of this host one thing. */
@NullMarked
package hob.cli.process;

import org.jspecify.annotations.NullMarked;
