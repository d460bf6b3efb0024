/**
 * The speed of parallel builds over hosts of a small part of a CPU each, as in Sprite's figure of
 * its pmake, and beside it distcc's ({@code hob bench make}).
 */
@NullMarked
package hob.bench.make;

import org.jspecify.annotations.NullMarked;
