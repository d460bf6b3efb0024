/**
 * Rules that hold for all modules, as ArchUnit tests over the compiled classes.
 *
 * <p>A new module gets its line in {@link hob.rules.LayeringTest}; the rest applies by itself.
 */
@NullMarked
package hob.rules;

import org.jspecify.annotations.NullMarked;
