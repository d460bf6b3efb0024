/** System calls, struct layouts and constants; the names are Linux's own. */
@NullMarked
package hob.linux;

import org.jspecify.annotations.NullMarked;
