/** What it costs to start programs under hob, and to run them. */
@NullMarked
package hob.bench.spawn;

import org.jspecify.annotations.NullMarked;
