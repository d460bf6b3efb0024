/** Connections, framing, messages and TLS between hosts. */
@NullMarked
package hob.wire;

import org.jspecify.annotations.NullMarked;
