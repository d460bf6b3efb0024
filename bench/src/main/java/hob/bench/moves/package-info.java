/** What a thousand moves leave behind. */
@NullMarked
package hob.bench.moves;

import org.jspecify.annotations.NullMarked;
