/**
 * The kernel's FUSE protocol ({@code linux/fuse.h}, version 7.31 and later): numbers, places of
 * fields, and the device itself. No policy; {@code hob.files} has that.
 */
@NullMarked
package hob.linux.fuse;

import org.jspecify.annotations.NullMarked;
