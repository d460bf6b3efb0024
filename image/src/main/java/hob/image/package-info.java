/** Capture and restore of process state: the state modules and the image that they fill. */
@NullMarked
package hob.image;

import org.jspecify.annotations.NullMarked;
