/** hobd: puts the parts together, cluster membership, control socket. */
@NullMarked
package hob.daemon;

import org.jspecify.annotations.NullMarked;
