/** The hob command: subcommands, tables, progress. */
@NullMarked
package hob.cli;

import org.jspecify.annotations.NullMarked;
