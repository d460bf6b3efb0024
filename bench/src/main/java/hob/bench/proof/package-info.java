/**
 * Proof that programs do not notice that they are moved: random programs that check themselves
 * ({@code hob random}), stress-ng's stressors ({@code hob stress}), and real programs whose results
 * are compared with those of an unmoved run ({@code hob programs}). All by real daemons.
 */
@NullMarked
package hob.bench.proof;

import org.jspecify.annotations.NullMarked;
