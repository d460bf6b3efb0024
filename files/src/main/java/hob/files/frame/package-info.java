/** What home and a foreign host say to each other about files. */
@NullMarked
package hob.files.frame;

import org.jspecify.annotations.NullMarked;
