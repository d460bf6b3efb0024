/**
 * How commands speak: tables for people, one JSON object a line for programs, one line for an
 * error. Called by all commands, on the main thread.
 */
@NullMarked
package hob.cli.output;

import org.jspecify.annotations.NullMarked;
