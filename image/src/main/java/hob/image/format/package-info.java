/**
 * The image as bytes: what may be believed of one that came over a network or out of a file, and
 * the file format (docs/image-format.md).
 *
 * <p>Whoever reads here reads what others wrote: no length is trusted before it was held against
 * what is there, and whatever is wrong ends in one {@link hob.image.format.ImageException} that
 * says what.
 */
@NullMarked
package hob.image.format;

import org.jspecify.annotations.NullMarked;
