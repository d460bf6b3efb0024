/** What {@code hob image show} tells of an image file. */
@NullMarked
package hob.cli.image;

import org.jspecify.annotations.NullMarked;
